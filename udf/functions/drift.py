"""Body of ml.drift: hands its arguments to the package."""

from glasshouse_ml.data.database import Database
from glasshouse_ml.use.drift import drift


def main(model, query, period, version):
    return drift(Database(plpy, GD), model, query, period, version)
