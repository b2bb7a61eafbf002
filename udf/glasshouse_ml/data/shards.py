"""Where Citus stores the rows of a table, and calls of a function beside the rows of each shard."""

# Names of relations are texts of the type regclass, which PostgreSQL has quoted.
# ruff: noqa: S608

import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np

from glasshouse_ml.data.database import Database
from glasshouse_ml.data.packing import SCHEMA

# What is measured of a shard: named arrays.
State = dict[str, np.ndarray]

HAS_CITUS = "select from pg_catalog.pg_extension where extname = 'citus'"
# A table is distributed by the hash of a column, a reference table, or unknown to Citus.
DISTRIBUTION = """
select
    colocationid::integer as colocation,
    pg_catalog.column_to_column_name(logicalrelid, partkey) as column
from pg_catalog.pg_dist_partition where logicalrelid = $1::regclass and partmethod = 'h'
"""
# A query that is all rows and columns of one relation.
_NAME = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
_WHOLE_TABLE = re.compile(
    rf"select\s+\*\s+from\s+({_NAME}(?:\s*\.\s*{_NAME}){{0,2}})", re.IGNORECASE
)


@dataclass(frozen=True)
class Distribution:
    """How the rows of a table are divided; tables of one colocation lie side by side."""

    colocation: int
    column: str


@dataclass(frozen=True)
class Shard:
    """A shard that holds rows: the key of one row, the number of rows, names on its worker.

    The names are those of the shards of several tables beside one another.
    """

    key: str
    rows: int
    names: Sequence[str]


def distribution(db: Database, relation: str) -> Distribution | None:
    """The distribution of a table; None for any other relation, and on a single server."""
    if not db.execute(HAS_CITUS):
        return None
    rows = db.execute(DISTRIBUTION, ("text",), (relation,))
    return Distribution(**rows[0]) if rows else None


def shards_with_rows(db: Database, column: str, *relations: str) -> list[Shard]:
    """The shards of the first relation that hold rows, with those of the others beside them."""
    key = db.quote_identifier(column)
    rows = db.call(
        # The name, because shards of two workers may have the same object identifier.
        f"select min({key}::text) as key, count(*) as n from {relations[0]} "
        f"where {key} is not null group by tableoid::regclass::text order by 1"
    )
    names = [_shard_names(db, relation, [row["key"] for row in rows]) for relation in relations]
    shards: dict[str, Shard] = {}
    # A shard of a partitioned table has one of the rows above for each partition.
    for row in rows:
        places = [names_of_relation[row["key"]] for names_of_relation in names]
        other = shards.get(places[0])
        shards[places[0]] = Shard(row["key"], row["n"] + (other.rows if other else 0), places)
    return list(shards.values())


def _shard_names(db: Database, relation: str, keys: Sequence[str]) -> dict[str, str]:
    """The shard of a table with each key, as a quoted name on its worker."""
    rows = db.execute(
        "select keys.key, pg_catalog.shard_name($1::regclass, "
        "pg_catalog.get_shard_id_for_distribution_column($1::regclass, keys.key)) as shard "
        "from unnest($2) as keys (key)",
        ("text", "text[]"),
        (relation, list(keys)),
    )
    return {row["key"]: row["shard"] for row in rows}


def call_item(db: Database, relation: str, column: str, shards: Sequence[Shard]) -> str:
    """A FROM item with a row for each shard, which Citus sends to the worker of the shard.

    Its columns are shard.key, and place.name1, place.name2 … for the names.
    """
    key = db.quote_identifier(column)
    [kind] = [each.type for each in db.columns(f"select {key} from {relation}")]
    keys = [f"{db.quote_literal(shard.key)}::{kind}" for shard in shards]
    values = ", ".join(
        f"({', '.join([key_value, *map(db.quote_literal, shard.names)])})"
        for key_value, shard in zip(keys, shards, strict=True)
    )
    names = ", ".join(f"name{number + 1}" for number in range(len(shards[0].names)))
    return (
        f"(select distinct {key} as key from {relation} where {key} in ({', '.join(keys)})) "
        f"as shard join (values {values}) as place (key, {names}) on place.key = shard.key"
    )


@dataclass(frozen=True)
class SignedArtifact:
    """A model on its way to the workers; empty where a measure needs none."""

    model: str | None = None
    version: int | None = None
    content: bytes | None = None
    signature: bytes | None = None


NO_ARTIFACT = SignedArtifact()


@dataclass(frozen=True)
class ShardQuery:
    """A distributed table, and how ml.read_shard reads each of its shards on its worker."""

    db: Database
    relation: str
    column: str
    shards: Sequence[Shard]

    def states(
        self,
        measure: str,
        parameters: dict[str, Any],
        artifact: SignedArtifact = NO_ARTIFACT,
    ) -> Iterator[State]:
        """The arrays that a measure returns for each shard; see ml.read_shard."""
        rows = self.db.call(
            f"select {SCHEMA}.read_shard($1, $2, $3, $4, $5, $6, place.name1) as state "
            f"from {call_item(self.db, self.relation, self.column, self.shards)}",
            ("text", "jsonb", "text", "integer", "bytea", "bytea"),
            (measure, json.dumps(parameters), *astuple(artifact)),
        )
        for row in rows:
            yield unpack_state(row["state"])


def shard_query(db: Database, query: str) -> ShardQuery | None:
    """How to read a query on the workers: it has to return a distributed table as it is.

    Only such a query can run on a single shard and mean the same. None for any other query, for a
    table without rows, and on a single server.
    """
    whole = _WHOLE_TABLE.fullmatch(query.strip())
    if not whole or not db.execute(HAS_CITUS):
        return None
    [row] = db.execute("select to_regclass($1)::text as name", ("text",), (whole[1],))
    place = row["name"] and distribution(db, row["name"])
    if not place:
        return None
    use_one_session(db)
    shards = shards_with_rows(db, place.column, row["name"])
    return ShardQuery(db, row["name"], place.column, shards) if shards else None


def json_array(document: Any) -> np.ndarray:
    """A JSON document as an array of a state."""
    return np.frombuffer(json.dumps(document).encode(), np.uint8)


def from_json_array(array: np.ndarray) -> Any:
    """The document of json_array()."""
    return json.loads(array.tobytes())


def pack_state(state: State) -> bytes:
    """Named arrays as bytes."""
    file = io.BytesIO()
    np.savez(file, **state)
    return file.getvalue()


def unpack_state(content: bytes) -> State:
    """The arrays of pack_state(); no other Python object is read."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)


def use_one_session(db: Database) -> None:
    """Let Citus use one session on each worker until the transaction ends.

    Each session loads the libraries and the model anew. And Citus refuses to join a reference table
    with shards that one transaction has written over different connections.
    """
    db.execute("select set_config('citus.multi_shard_modify_mode', 'sequential', true)")
