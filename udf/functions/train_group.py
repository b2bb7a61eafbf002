"""Body of ml.train_group: hands its arguments to the package."""

from glasshouse_ml.data.database import Database
from glasshouse_ml.train.group_training import train_group


def main(model, group_name, query, version):
    return train_group(Database(plpy, GD), model, group_name, query, version)
