"""Where Citus stores the rows of a table: the distribution column, and the shards."""

# Names of relations are texts of the type regclass, which PostgreSQL has quoted.
# ruff: noqa: S608

from dataclasses import dataclass

from glasshouse_ml.data.database import Database

HAS_CITUS = "select from pg_catalog.pg_extension where extname = 'citus'"
# A table is distributed by the hash of a column, a reference table, or unknown to Citus.
DISTRIBUTION = """
select
    colocationid::integer as colocation,
    pg_catalog.column_to_column_name(logicalrelid, partkey) as column
from pg_catalog.pg_dist_partition where logicalrelid = $1::regclass and partmethod = 'h'
"""


@dataclass(frozen=True)
class Distribution:
    """How the rows of a table are divided; tables of one colocation lie side by side."""

    colocation: int
    column: str


@dataclass(frozen=True)
class Placement:
    """A shard that holds rows, as names of relations on its worker, and the key of one row."""

    key: str
    source: str
    target: str


def distribution(db: Database, relation: str) -> Distribution | None:
    """The distribution of a table; None for any other relation, and on a single server."""
    if not db.execute(HAS_CITUS):
        return None
    rows = db.execute(DISTRIBUTION, ("text",), (relation,))
    return Distribution(**rows[0]) if rows else None


def placements(db: Database, source: str, target: str, column: str) -> list[Placement]:
    """The shards of `source` that hold rows, with the shards of `target` on the same worker."""
    key = db.quote_identifier(column)
    rows = db.call(
        # The name, because shards of two workers may have the same object identifier.
        f"select min({key}::text) as key from {source} where {key} is not null "
        "group by tableoid::regclass::text"
    )
    keys = [row["key"] for row in rows]
    shards = {}
    for name in (source, target):
        found = db.execute(
            "select keys.key, pg_catalog.shard_name($1::regclass, "
            "pg_catalog.get_shard_id_for_distribution_column($1::regclass, keys.key)) as shard "
            "from unnest($2) as keys (key)",
            ("text", "text[]"),
            (name, keys),
        )
        shards[name] = {row["key"]: row["shard"] for row in found}
    return [Placement(key, shards[source][key], shards[target][key]) for key in keys]


def use_one_session(db: Database) -> None:
    """Let Citus use one session on each worker until the transaction ends.

    Each session loads the libraries and the model anew. And Citus refuses to join a reference table
    with shards that one transaction has written over different connections.
    """
    db.execute("select set_config('citus.multi_shard_modify_mode', 'sequential', true)")
