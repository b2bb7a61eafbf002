"""Body of ml.compile: hands its arguments to the package."""

from glasshouse_ml.database import Database, sql_error
from glasshouse_ml.errors import GlasshouseError
from glasshouse_ml.inline.compiling import compile_prediction


def main(model, query, version):
    try:
        return compile_prediction(Database(plpy, GD), model, query, version)
    except GlasshouseError as error:
        raise sql_error(plpy, "compile", error) from None
