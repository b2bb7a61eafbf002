"""Body of ml.predict_batches: hands its arguments to the package."""

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data.database import Database, answering, sql_error
from glasshouse_ml.use.predict import predict_batches


def main(model, query, version):
    try:
        found = predict_batches(Database(plpy, GD), model, query, version)
        return answering(plpy, "predict", found)
    except GlasshouseError as error:
        raise sql_error(plpy, "predict", error) from None
