"""Body of ml.watch: hands its arguments to the package."""

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data.database import Database, sql_error
from glasshouse_ml.use.drift import watch


def main(model, query, period):
    try:
        return watch(Database(plpy, GD), model, query, period)
    except GlasshouseError as error:
        raise sql_error(plpy, "watch", error) from None
