"""Body of ml.predict_shard: hands its arguments to the package."""

from glasshouse_ml.data.database import Database
from glasshouse_ml.spread.predict_shard import predict_shard


def main(model, version, content, signature, source, target):
    return predict_shard(Database(plpy, GD), model, version, content, signature, source, target)
