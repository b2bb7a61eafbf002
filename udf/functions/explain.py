"""Body of ml.explain: hands its arguments to the package."""

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data.database import Database, sql_error, translate_errors
from glasshouse_ml.use.explain import explain


def main(model, query, top):
    try:
        return translate_errors(plpy, "explain", explain(Database(plpy, GD), model, query, top))
    except GlasshouseError as error:
        raise sql_error(plpy, "explain", error) from None
