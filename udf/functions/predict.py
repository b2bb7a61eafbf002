"""Body of ml.predict: hands its arguments to the package."""

from glasshouse_ml.database import Database, sql_error
from glasshouse_ml.errors import GlasshouseError
from glasshouse_ml.prediction import predict


def main(model, query, version):
    try:
        return predict(Database(plpy, GD), model, query, version)
    except GlasshouseError as error:
        raise sql_error(plpy, "predict", error) from None
