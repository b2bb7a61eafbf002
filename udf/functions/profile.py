"""Body of ml.profile: hands its arguments to the package."""

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data.database import Database, sql_error
from glasshouse_ml.use.profile import profile


def main(name, query):
    try:
        return profile(Database(plpy, GD), name, query)
    except GlasshouseError as error:
        raise sql_error(plpy, "profile", error) from None
