"""Body of ml.predict_batches: hands its arguments to the package."""

from glasshouse_ml.data.database import Database
from glasshouse_ml.use.predict import predict_batches


def main(model, query, version):
    return predict_batches(Database(plpy, GD), model, query, version)
