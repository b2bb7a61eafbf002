"""Body of ml.evaluate: hands its arguments to the package."""

from glasshouse_ml.data.database import Database
from glasshouse_ml.use.evaluate import evaluate


def main(model, query, version):
    return evaluate(Database(plpy, GD), model, query, version)
