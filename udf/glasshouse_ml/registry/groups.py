"""Reads and writes the models of the groups of options.group_by, one artifact each."""

# The statements are put together from constants; every value is a parameter.
# ruff: noqa: S608

import json
from collections.abc import Sequence
from typing import Any

from sklearn.pipeline import Pipeline

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.records import Records
from glasshouse_ml.data import threads
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.data.packing import SCHEMA
from glasshouse_ml.measure.segments import group_name
from glasshouse_ml.model.grouped import Grouped
from glasshouse_ml.registry.artifacts import pack_group, unpack_group
from glasshouse_ml.registry.signatures import sign, verify


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
        members = {}
        # ml.train_group may have replaced a model since it was loaded: its signature differs.
        for name, signature in self._signatures(list(names)):
            if self.loaded.get(name, (b"",))[0] != signature:
                check_interrupts()
                self.loaded[name] = self._load(name)
            members[names[name]] = self.loaded[name][1]
        return members

    def _signatures(self, names: list[str]) -> list[tuple[str, bytes]]:
        rows = self.db.call(
            f'select "group", signature from {SCHEMA}.group_artifacts '
            'where model = $1 and version = $2 and "group" = any($3)',
            ("text", "integer", "text[]"),
            (self.model, self.version, names),
        )
        return [(row["group"], row["signature"]) for row in rows]

    def _load(self, name: str) -> tuple[bytes, Pipeline]:
        rows = self.db.call(
            f"select content, signature from {SCHEMA}.group_artifacts "
            'where model = $1 and version = $2 and "group" = $3',
            ("text", "integer", "text"),
            (self.model, self.version, name),
        )
        if not rows:  # another session has dropped the version since the statement above
            raise GlasshouseError(
                f"Version {self.version} of model {self.model!r} has no model of group {name!r} "
                "any more.",
                "Use another version, or train the model again.",
            )
        content, signature = rows[0]["content"], rows[0]["signature"]
        verify(self.model, self.version, content, signature)
        return signature, threads.limit_estimator_threads(unpack_group(content, name))


def load_groups_on_demand(db: Database, model: str, version: int, stored: Any) -> None:
    """Let a version without the models of its groups load them; versions before 0160 hold them."""
    if not isinstance(stored, Model):
        return
    estimator = stored.pipeline[-1]
    if isinstance(estimator, Grouped) and estimator.members_ is None:
        estimator.load_members = GroupModels(db, model, version, stored)


def record_group(
    db: Database,
    model: str,
    version: int,
    name: str,
    pipeline: Pipeline,
    facts: dict[str, Any] | None = None,
    metrics: Records | None = None,
) -> None:
    """Sign and store the model of a group; with its facts and metrics it replaces another one."""
    content = pack_group(name, pipeline)
    documents = [None if d is None else json.dumps(d, allow_nan=False) for d in (facts, metrics)]
    db.call(
        f"select {SCHEMA}.record_group($1, $2, $3, $4, $5, $6, $7)::text",
        ("text", "integer", "text", "bytea", "bytea", "jsonb", "jsonb"),
        (model, version, name, content, sign(model, version, content), *documents),
    )
