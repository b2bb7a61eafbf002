"""Body of ml.help: hands its argument to the package."""

from glasshouse_ml.data.database import Database
from glasshouse_ml.use.help import help_rows


def main(topic):
    return help_rows(Database(plpy, GD), topic)
