"""Body of ml.export: hands its arguments to the package."""

from glasshouse_ml.data.database import Database
from glasshouse_ml.use.sql_export.exporting import export_model


def main(model, source, version):
    return export_model(Database(plpy, GD), model, source, version)
