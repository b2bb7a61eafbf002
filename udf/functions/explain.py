"""Body of ml.explain: hands its arguments to the package."""

from glasshouse_ml.data.database import Database
from glasshouse_ml.use.explain import explain


def main(model, query, top):
    return explain(Database(plpy, GD), model, query, top)
