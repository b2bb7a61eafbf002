"""ml.compile: the SELECT that predicts the rows of a query the fastest way."""

from glasshouse_ml import registry
from glasshouse_ml.database import Database
from glasshouse_ml.errors import GlasshouseError
from glasshouse_ml.inline.expression import Writer
from glasshouse_ml.inline.form import NotLinear, form
from glasshouse_ml.inline.statement import statement
from glasshouse_ml.packing import SCHEMA
from glasshouse_ml.prediction import matching

ANSWERS = ("prediction", "score", "probabilities")


def compile_prediction(db: Database, model: str, query: str, version: int | None) -> str:
    """An inline expression for a linear model, else a call of ml.predict; one answer."""
    stored = registry.load(db, model, version)
    query, by_name = matching(db, stored, model, query)
    if stored.key in ANSWERS:
        raise GlasshouseError(
            f"The key of model {model!r} is named {stored.key!r}, as a column of the answer is.",
            "Train it with a key of another name, or use ml.predict.",
        )
    key = db.quote(stored.key) if stored.key else None
    try:
        found = form(stored)
    except NotLinear:
        arguments = ", ".join([db.text(model), db.text(query), str(version or "null")])
        shown = [f"key::{by_name[stored.key].type} as {key}"] if stored.key else []
        return f"select {', '.join([*shown, *ANSWERS])}\nfrom {SCHEMA}.predict({arguments})"
    columns = [by_name[feature.name] for feature in stored.features]
    return statement(stored, found, Writer(columns, db.quote, db.text), query, key)
