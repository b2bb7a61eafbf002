"""Body of ml.drift: hands its arguments to the package."""

from glasshouse_ml.database import Database, sql_error
from glasshouse_ml.drift import drift
from glasshouse_ml.errors import GlasshouseError


def main(model, query, period):
    try:
        return drift(Database(plpy, GD), model, query, period)
    except GlasshouseError as error:
        raise sql_error(plpy, "drift", error) from None
