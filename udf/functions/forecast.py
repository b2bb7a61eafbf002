"""Body of ml.forecast: hands its arguments to the package."""

from glasshouse_ml.data.database import Database
from glasshouse_ml.use.forecast import forecast


def main(model, horizon, known_ahead, version):
    return forecast(Database(plpy, GD), model, horizon, known_ahead, version)
