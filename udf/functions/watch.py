"""Body of ml.watch: hands its arguments to the package."""

from glasshouse_ml.data.database import Database
from glasshouse_ml.use.drift import watch


def main(model, query, period):
    return watch(Database(plpy, GD), model, query, period)
