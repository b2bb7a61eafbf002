"""Body of ml.profile: hands its arguments to the package."""

from glasshouse_ml.data.database import Database
from glasshouse_ml.use.profile import profile


def main(name, query):
    return profile(Database(plpy, GD), name, query)
