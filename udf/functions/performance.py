"""Body of ml.performance: hands its arguments to the package."""

from glasshouse_ml.data.database import Database
from glasshouse_ml.use.performance import performance


def main(model, query, version):
    return performance(Database(plpy, GD), model, query, version)
