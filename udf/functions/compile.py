"""Body of ml.compile: hands its arguments to the package."""

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data.database import Database, sql_error
from glasshouse_ml.use.sql_export.compiling import compile_prediction


def main(model, query, version):
    try:
        return compile_prediction(Database(plpy, GD), model, query, version)
    except GlasshouseError as error:
        raise sql_error(plpy, "compile", error) from None
