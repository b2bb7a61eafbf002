"""Body of ml.watch: hands its arguments to the package."""

from glasshouse_ml.database import Database, sql_error
from glasshouse_ml.drift import watch
from glasshouse_ml.errors import GlasshouseError


def main(model, query, period):
    try:
        return watch(Database(plpy, GD), model, query, period)
    except GlasshouseError as error:
        raise sql_error(plpy, "watch", error) from None
