"""Reads and writes the models of the groups of options.group_by, one artifact each."""

# The statements are put together from constants; every value is a parameter.
# ruff: noqa: S608

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Any, TypeVar

import numpy as np
from sklearn.pipeline import Pipeline

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.records import Records
from glasshouse_ml.data import threads
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.data.packing import SCHEMA
from glasshouse_ml.data.shards import State
from glasshouse_ml.measure.segments import group_name
from glasshouse_ml.model.grouped import Grouped
from glasshouse_ml.registry.artifacts import pack_group, unpack_group
from glasshouse_ml.registry.signatures import sign, verify

# Models and metrics of groups that one statement stores.
_RECORDED_TOGETHER = 200
_Item = TypeVar("_Item")


@dataclass(frozen=True)
class TrainedGroup:
    """A group that was trained again."""

    name: str
    segment: str  # of its rows in ml.metrics
    content: bytes | None  # its model; None: the pooled one answers
    facts: dict[str, Any]  # its entry in ml.model_versions.groups
    metrics: Records

    def value(self, series: str, metric: str) -> float | None:
        """A metric on its test rows: of the series `model` or `baseline`."""
        values = {(row["series"], row["metric"]): row["value"] for row in self.metrics}
        return values.get((series, metric))


class GroupModels:
    """Loads the models of groups when a prediction needs them, and keeps them for the session."""

    def __init__(self, db: Database, model: str, version: int, stored: Model) -> None:
        """`stored` is the version without the models of its groups."""
        self.db, self.model, self.version = db, model, version
        self.feature = stored.features[stored.pipeline[-1].column]
        self.loaded: dict[str, tuple[bytes, Pipeline]] = {}

    def __call__(self, values: Sequence[float]) -> dict[float, Pipeline]:
        """The models of those groups that have one, by the value in the column of the groups."""
        names = {group_name(self.feature, value): value for value in values}
        # ml.train_group may have replaced a model since it was loaded: its signature differs.
        signatures = dict(self._read("signature", list(names)))
        stale = [
            name
            for name, signature in signatures.items()
            if self.loaded.get(name, (b"",))[0] != signature
        ]
        contents = dict(self._read("content", stale)) if stale else {}
        for name in stale:
            check_interrupts()
            self.loaded[name] = self._load(name, signatures[name], contents.get(name))
        return {names[name]: self.loaded[name][1] for name in signatures}

    def _read(self, column: str, names: list[str]) -> list[tuple[str, bytes]]:
        rows = self.db.call(
            f'select "group", {column} from {SCHEMA}.group_artifacts '
            'where model = $1 and version = $2 and "group" = any($3)',
            ("text", "integer", "text[]"),
            (self.model, self.version, names),
        )
        return [(row["group"], row[column]) for row in rows]

    def _load(self, name: str, signature: bytes, content: bytes | None) -> tuple[bytes, Pipeline]:
        if content is None:  # another session has dropped the version since the statement above
            raise GlasshouseError(
                f"Version {self.version} of model {self.model!r} has no model of group {name!r} "
                "any more.",
                "Use another version, or train the model again.",
            )
        verify(self.model, self.version, content, signature)
        return signature, threads.limit_estimator_threads(unpack_group(content, name))


def load_groups_on_demand(db: Database, model: str, version: int, stored: Any) -> None:
    """Let a version without the models of its groups load them; versions before 0160 hold them."""
    if not isinstance(stored, Model):
        return
    estimator = stored.pipeline[-1]
    if isinstance(estimator, Grouped) and estimator.members_ is None:
        estimator.load_members = GroupModels(db, model, version, stored)


def record_groups(
    db: Database,
    model: str,
    version: int,
    members: Iterable[tuple[str, Pipeline]],
    metrics: Iterable[Records],
) -> None:
    """Sign and store the named models of a new version, and the metrics of each of its groups.

    One batch of both is in memory at a time.
    """
    for batch in _batches(members):
        contents = [pack_group(name, pipeline) for name, pipeline in batch]
        signatures = [sign(model, version, content) for content in contents]
        names = [name for name, _ in batch]
        _record_groups(db, model, version, names, contents, signatures)
    for groups in _batches(metrics):
        rows = [row for records in groups for row in records]
        _record_groups(db, model, version, metrics=rows)


def replace_groups(db: Database, model: str, version: int, groups: Iterable[TrainedGroup]) -> None:
    """Sign and store groups of a version that exists in place of their earlier models and metrics.

    From the first statement until the transaction ends, other sessions wait with theirs.
    """
    for batch in _batches(groups):
        members = {group.name: group.content for group in batch if group.content is not None}
        _record_groups(
            db,
            model,
            version,
            list(members),
            list(members.values()),
            [sign(model, version, content) for content in members.values()],
            [row for group in batch for row in group.metrics],
            {group.segment: group.facts for group in batch},
        )


def pack_trained_groups(model: str, version: int, groups: Iterable[TrainedGroup]) -> State:
    """Groups on their way from a worker to the coordinator, whose registry takes them; signed."""
    document = json.dumps([asdict(group) for group in groups], default=_base64).encode()
    return {
        "groups": np.frombuffer(document, np.uint8),
        "signature": np.frombuffer(sign(model, version, document), np.uint8),
    }


def unpack_trained_groups(model: str, version: int, state: State) -> list[TrainedGroup]:
    """The groups of pack_trained_groups(), if the key of this server has signed them."""
    document = state["groups"].tobytes()
    verify(model, version, document, state["signature"].tobytes())
    groups = [TrainedGroup(**entry) for entry in json.loads(document)]
    return [replace(group, content=group.content and b64decode(group.content)) for group in groups]


def _base64(content: bytes) -> str:
    return b64encode(content).decode()


def _record_groups(
    db: Database,
    model: str,
    version: int,
    names: Sequence[str] = (),
    contents: Sequence[bytes] = (),
    signatures: Sequence[bytes] = (),
    metrics: Sequence[dict[str, Any]] = (),
    replaced: dict[str, dict[str, Any]] | None = None,
) -> None:
    """Store models and metrics; `replaced` has the facts of earlier groups by their segments."""
    check_interrupts()
    documents = (list(metrics), replaced)
    db.call(
        f"select {SCHEMA}.record_groups($1, $2, $3, $4, $5, $6, $7)::text",
        ("text", "integer", "text[]", "bytea[]", "bytea[]", "jsonb", "jsonb"),
        (
            model, version, list(names), list(contents), list(signatures),
            *(json.dumps(document, allow_nan=False) for document in documents),
        ),
    )  # fmt: skip


def _batches(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    iterator = iter(items)
    while batch := list(islice(iterator, _RECORDED_TOGETHER)):
        yield batch
