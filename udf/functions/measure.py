"""Body of ml.measure: hands its arguments to the package."""

from glasshouse_ml.data.database import Database
from glasshouse_ml.use.measure.measure import measure


def main(query, task, truth, prediction, score):
    return measure(Database(plpy, GD), query, task, truth, prediction, score)
