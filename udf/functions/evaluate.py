"""Body of ml.evaluate: hands its arguments to the package."""

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data.database import Database, sql_error
from glasshouse_ml.use.evaluate import evaluate


def main(model, query, version):
    try:
        return evaluate(Database(plpy, GD), model, query, version)
    except GlasshouseError as error:
        raise sql_error(plpy, "evaluate", error) from None
