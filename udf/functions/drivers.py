"""Body of ml.drivers: hands its arguments to the package."""

from glasshouse_ml.data.database import Database
from glasshouse_ml.use.drivers.drivers import drivers


def main(query, metric, is_test, dimensions, options):
    return drivers(Database(plpy, GD), query, metric, is_test, dimensions, options)
