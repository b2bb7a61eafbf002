"""The columns of a query that a trained model needs."""

from collections.abc import Iterable, Sequence

from glasshouse_ml.core.errors import GlasshouseError, near_names
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.table import BOOLEAN, CATEGORY, NUMBER, TIME, Column
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.query_text import clean_query
from glasshouse_ml.data.row_reader import check_array_lengths, columns_by_name, read_columns

_KIND_NAMES = {NUMBER: "a number", BOOLEAN: "a boolean", TIME: "a date or time", CATEGORY: "a text"}


def model_columns(
    db: Database, features: Sequence[Feature], query: str
) -> tuple[str, dict[str, Column]]:
    """The cleaned query and its columns by name, which include every feature."""
    query = clean_query(query)
    columns = columns_by_name(read_columns(db, query), features)
    _check_features(features, columns)
    check_array_lengths(db, query, features)
    return query, columns


def check_key(columns: dict[str, Column], key: str | None, model: str) -> None:
    """Refuse a query without the key column of the model."""
    if key and key not in columns:
        raise GlasshouseError(
            f"The query returns no column {key!r}, the key of model {model!r}.",
            near_names(key, columns),
        )


def feature_columns(
    features: Sequence[Feature], columns: dict[str, Column]
) -> tuple[list[Column], list[Column]]:
    """The columns that are read as numbers and as texts, in the order of the features."""
    numbers = [columns[feature.name] for feature in features if not feature.is_textual]
    texts = [columns[feature.name] for feature in features if feature.is_textual]
    return numbers, texts


def _check_features(features: Iterable[Feature], columns: dict[str, Column]) -> None:
    for feature in features:
        column = columns.get(feature.name)
        if column is None:
            raise GlasshouseError(
                f"The query returns no column {feature.name!r}, a feature of the model.",
                near_names(feature.name, columns),
            )
        if column.kind != feature.column_kind:
            raise GlasshouseError(
                f"Column {feature.name!r} is of type {column.type}; in training it was "
                f"{_KIND_NAMES[feature.column_kind]} ({feature.type}).",
                f"Cast it in the query to {feature.type}.",
            )
