"""Body of ml.compile: hands its arguments to the package."""

from glasshouse_ml.data.database import Database
from glasshouse_ml.use.sql_export.compiling import compile_prediction


def main(model, query, version, all_rows):
    return compile_prediction(Database(plpy, GD), model, query, version, bool(all_rows))
