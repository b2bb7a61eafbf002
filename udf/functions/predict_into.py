"""Body of ml.predict_into: hands its arguments to the package."""

from glasshouse_ml.data.database import Database
from glasshouse_ml.spread.predict_into import predict_into


def main(model, source, target, version):
    return predict_into(Database(plpy, GD), model, source, target, version)
