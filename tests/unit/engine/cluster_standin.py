"""A fake cluster: the workers are stand-ins for databases in this process."""

import json
from collections.abc import Iterator
from typing import Any

from glasshouse_ml.core.table import Column
from glasshouse_ml.data.shards import NO_ARTIFACT, Shard, SignedArtifact, unpack_state
from glasshouse_ml.spread.read_shard import read_shard

from tests.unit.engine.standin import StandIn


class Worker(StandIn):
    """Holds the rows of one shard, and the columns of all."""

    def __init__(self, rows: list[dict[str, Any]], all_rows: list[dict[str, Any]]) -> None:
        super().__init__(rows)
        self.all_rows = all_rows

    def columns(self, query: str) -> list[Column]:
        """Those of the table."""
        return StandIn(self.all_rows).columns(query)

    def call(self, statement: str, types: tuple = (), values: tuple = ()) -> list[dict]:
        """The name of the shard is right as it is."""
        if "regclass" in statement:
            return [{"source": values[0]}]
        if statement.startswith("select from"):
            return [{}] if self.rows else []
        return super().call(statement, types, values)


class Cluster:
    """What ShardQuery offers, with the workers in this process."""

    def __init__(self, parts: list[list[dict[str, Any]]], column: str = "id") -> None:
        self.parts, self.column = parts, column
        self.shards = [Shard("", len(part), ["shard"]) for part in self.parts]
        self.measures: list[str] = []

    def states(
        self, measure: str, parameters: dict, artifact: SignedArtifact = NO_ARTIFACT
    ) -> Iterator[dict]:
        self.measures.append(measure)
        all_rows = [row for part in self.parts for row in part]
        for part in reversed(self.parts):
            worker = Worker(part, all_rows)
            content = read_shard(worker, measure, json.dumps(parameters), artifact, "shard")
            yield unpack_state(content)


def divided(rows: list[dict[str, Any]], divisor: int) -> list[list[dict[str, Any]]]:
    """The rows of each shard."""
    return [rows[start::divisor] for start in range(divisor)]


def only_on_worker(fetch: Any) -> Any:
    """StandIn.fetch_packed() that fails on the coordinator."""

    def checked(self: StandIn, *arguments: Any) -> Any:
        assert isinstance(self, Worker), "the coordinator reads rows"
        return fetch(self, *arguments)

    return checked
