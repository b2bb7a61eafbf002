"""ml.export: a model as a SELECT that needs nothing of the engine when it runs."""

# The statement is a text for the caller, who decides where it runs.
# ruff: noqa: S608

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.model import Model
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.row_reader import read_columns
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.use.sql_export.compiling import check_key_name
from glasshouse_ml.use.sql_export.expression import SqlWriter
from glasshouse_ml.use.sql_export.linear_form import NotLinear, linear_form
from glasshouse_ml.use.sql_export.statement import select_statement, tree_statement
from glasshouse_ml.use.sql_export.tree_form import MAX_NODES, NotExportable, tree_form


def export_model(db: Database, model: str, source: str, version: int | None) -> str:
    """The SELECT that predicts the rows of a table, which needs neither PL/Python nor the registry.

    `source` stands after FROM as it is given. An error says why a model cannot be written as SQL.
    """
    stored = registry.load(db, model, version)
    check_key_name(stored, model)
    if stored.task == "multilabel":
        raise GlasshouseError(
            f"Model {model!r} cannot be written as SQL: it has an estimator for each label.",
            "Train one classification per label, or use ml.predict.",
        )
    if stored.interval:
        raise GlasshouseError(
            f"Model {model!r} cannot be written as SQL: options.interval gives its predictions "
            "bounds.",
            "Train it without options.interval, or use ml.predict.",
        )
    writer = _writer(db, stored)
    key = db.quote_identifier(stored.key) if stored.key else None
    query = _source_query(db, stored, source)
    try:
        return select_statement(stored, linear_form(stored), writer, query, key)
    except NotLinear:
        pass
    try:
        _check_features(stored)
        return tree_statement(stored, tree_form(stored, writer), writer, query, key)
    except NotExportable as reason:
        raise GlasshouseError(
            f"Model {model!r} cannot be written as SQL: {reason}.",
            "Train a linear model, a decision tree, a random forest or hist_gradient_boosting with "
            f"at most {MAX_NODES} nodes, for example with fewer trees or a smaller max_depth.",
        ) from None


def _check_features(stored: Model) -> None:
    for feature in stored.features:
        if feature.of:
            raise NotExportable(f"{feature.name!r} is a position of an array")
        if feature.has_documents:
            raise NotExportable(f"SQL cannot cut {feature.name!r} into words or items")


def _writer(db: Database, stored: Model) -> SqlWriter:
    """A writer for columns of the types that the features had in training."""
    nulls = [
        f"null::{feature.type} as {db.quote_identifier(feature.name)}"
        for feature in stored.features
        if not feature.of
    ]
    by_name = {column.name: column for column in read_columns(db, f"select {', '.join(nulls)}")}
    columns = [by_name[feature.name] for feature in stored.features if not feature.of]
    return SqlWriter(columns, db.quote_identifier, db.quote_literal)


def _source_query(db: Database, stored: Model, source: str) -> str:
    """The columns of the source, each cast to its type in the training."""
    columns = [db.quote_identifier(stored.key)] if stored.key else []
    for feature in stored.features:
        if not feature.of:
            name = db.quote_identifier(feature.name)
            columns.append(f"{name}::{feature.type} as {name}")
    return f"select {', '.join(columns)} from {source}"
