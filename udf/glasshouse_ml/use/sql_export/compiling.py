"""ml.compile: the SELECT that predicts the rows of a query the fastest way."""

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.packing import SCHEMA
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.use.predict import matching_columns
from glasshouse_ml.use.sql_export.expression import SqlWriter
from glasshouse_ml.use.sql_export.linear_form import NotLinear, linear_form
from glasshouse_ml.use.sql_export.statement import select_statement

ANSWERS = ("prediction", "score", "probabilities")


def compile_prediction(db: Database, model: str, query: str, version: int | None) -> str:
    """An inline expression for a linear model, else a call of ml.predict; one answer."""
    stored = registry.load(db, model, version)
    query, by_name = matching_columns(db, stored, model, query)
    if stored.key in ANSWERS:
        raise GlasshouseError(
            f"The key of model {model!r} is named {stored.key!r}, as a column of the answer is.",
            "Train it with a key of another name, or use ml.predict.",
        )
    key = db.quote_identifier(stored.key) if stored.key else None
    try:
        found = linear_form(stored)
    except NotLinear:
        arguments = ", ".join(
            [db.quote_literal(model), db.quote_literal(query), str(version or "null")]
        )
        shown = [f"key::{by_name[stored.key].type} as {key}"] if stored.key else []
        return f"select {', '.join([*shown, *ANSWERS])}\nfrom {SCHEMA}.predict({arguments})"
    columns = [by_name[feature.name] for feature in stored.features]
    return select_statement(
        stored, found, SqlWriter(columns, db.quote_identifier, db.quote_literal), query, key
    )
