"""Body of ml.train_groups: hands its arguments to the package."""

from glasshouse_ml.data.database import Database
from glasshouse_ml.train.group_training import train_groups


def main(model, part, parts, query, version):
    return train_groups(Database(plpy, GD), model, part, parts, query, version)
