"""Body of ml.contest: hands its arguments to the package."""

from glasshouse_ml.data.database import Database
from glasshouse_ml.use.contest import contest


def main(model, query, groups, repeats):
    return contest(Database(plpy, GD), model, query, groups, repeats)
