"""Body of ml.read_shard: hands its arguments to the package."""

from glasshouse_ml.data.database import Database
from glasshouse_ml.data.shards import SignedArtifact
from glasshouse_ml.spread.read_shard import read_shard


def main(measure, parameters, model, version, content, signature, source):
    artifact = SignedArtifact(model, version, content, signature)
    return read_shard(Database(plpy, GD), measure, parameters, artifact, source)
