"""ml.compile: the SELECT that predicts the rows of a query the fastest way."""

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.model import Model
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.packing import SCHEMA
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.use.columns import check_key, model_columns
from glasshouse_ml.use.sql_export.expression import SqlWriter
from glasshouse_ml.use.sql_export.linear_form import NotLinear, linear_form
from glasshouse_ml.use.sql_export.statement import select_statement

OUTPUT_COLUMNS = ("prediction", "score", "probabilities")


def check_key_name(stored: Model, model: str) -> None:
    """Refuse a key that has the name of a column of the result."""
    if stored.key in OUTPUT_COLUMNS:
        raise GlasshouseError(
            f"The key of model {model!r} is named {stored.key!r}, as a column of the result is.",
            "Train it with a key of another name, or use ml.predict.",
        )


def compile_prediction(
    db: Database, model: str, query: str, version: int | None, all_rows: bool = False
) -> str:
    """The SELECT: an expression for a linear model, else a call of ml.predict.

    all_rows says that every row is read; see select_statement().
    """
    stored = registry.load(db, model, version)
    query, columns = model_columns(db, stored.features, query)
    check_key(columns, stored.key, model)
    check_key_name(stored, model)
    key = db.quote_identifier(stored.key) if stored.key else None
    try:
        linear = linear_form(stored)
    except NotLinear:
        arguments = ", ".join(
            [db.quote_literal(model), db.quote_literal(query), str(version or "null")]
        )
        key_column = [f"key::{columns[stored.key].type} as {key}"] if stored.key else []
        outputs = ", ".join([*key_column, *OUTPUT_COLUMNS])
        return f"select {outputs}\nfrom {SCHEMA}.predict({arguments})"
    used = [columns[feature.name] for feature in stored.features]
    writer = SqlWriter(used, db.quote_identifier, db.quote_literal)
    return select_statement(stored, linear, writer, query, key, all_rows)
