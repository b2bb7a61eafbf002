"""Body of ml.predict_batches: hands its arguments to the package."""

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data.database import Database, sql_error, translate_errors
from glasshouse_ml.use.predict import predict_batches


def main(model, query, version):
    try:
        batches = predict_batches(Database(plpy, GD), model, query, version)
        return translate_errors(plpy, "predict", batches)
    except GlasshouseError as error:
        raise sql_error(plpy, "predict", error) from None
