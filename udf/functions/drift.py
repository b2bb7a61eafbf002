"""Body of ml.drift: hands its arguments to the package."""

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data.database import Database, sql_error
from glasshouse_ml.use.drift import drift


def main(model, query, period, version):
    try:
        return drift(Database(plpy, GD), model, query, period, version)
    except GlasshouseError as error:
        raise sql_error(plpy, "drift", error) from None
