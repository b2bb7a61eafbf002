"""Body of ml.help: hands its argument to the package."""

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data.database import Database, sql_error
from glasshouse_ml.use.help import help_rows


def main(topic):
    try:
        return help_rows(Database(plpy, GD), topic)
    except GlasshouseError as error:
        raise sql_error(plpy, "help", error) from None
