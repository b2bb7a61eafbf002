"""Body of ml.what_if: hands its arguments to the package."""

from glasshouse_ml.data.database import Database
from glasshouse_ml.use.what_if import what_if


def main(model, query, changes):
    return what_if(Database(plpy, GD), model, query, changes)
