"""ml.read_shard: what a worker of a Citus cluster measures of one of its shards."""

import json
import warnings
from collections.abc import Callable
from typing import Any

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.model import Model
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.interrupts import interruptible
from glasshouse_ml.data.shard_sample import SAMPLE, sample_shard
from glasshouse_ml.data.shards import SignedArtifact, State, pack_state
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.train.all_rows import SUMS, fit_shard
from glasshouse_ml.train.group_training import GROUPS, train_shard
from glasshouse_ml.use.drift import COUNTS, count_shard

# The measures for which a model is needed.
_MODEL_MEASURES: dict[str, Callable[[Database, str, dict[str, Any], Model], State]] = {
    SUMS: fit_shard,
    GROUPS: train_shard,
    COUNTS: count_shard,
}


def read_shard(
    db: Database, measure: str, parameters: str, artifact: SignedArtifact, source: str
) -> bytes:
    """The arrays of a measure, packed; `source` is the quoted name of a relation of this server.

    An artifact that this server's key has not signed is not loaded.
    """
    [name] = db.call("select $1::regclass::text as source", ("text",), (source,))
    arguments = json.loads(parameters)
    with warnings.catch_warnings(), interruptible(db.check_interrupts):
        warnings.simplefilter("ignore")
        if measure == SAMPLE:
            return pack_state(sample_shard(db, name["source"], arguments))
        compute = _MODEL_MEASURES.get(measure)
        if compute is None:
            raise GlasshouseError(
                f"There is no measure {measure!r}.", "The engine calls this function by itself."
            )
        model, version, content, signature = (
            artifact.model or "",
            artifact.version or 0,
            artifact.content or b"",
            artifact.signature or b"",
        )
        with registry.shared_artifact(db, model, version, content, signature):
            stored = registry.load(db, model, version)
            return pack_state(compute(db, name["source"], arguments, stored))
