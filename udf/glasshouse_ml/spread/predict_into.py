"""ml.predict_into: a table of predictions, computed where the rows are stored.

On a Citus cluster statements and the model travel, and rows do not: each worker predicts the rows
of its shards of `source` and writes into the shards of `target` beside them. All of it is one
transaction of Citus. On a single server the statement is an INSERT of the predictions.
"""

# Names of relations are texts of the type regclass, which PostgreSQL has quoted.
# ruff: noqa: S608

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.model import Model
from glasshouse_ml.data import shards
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.packing import SCHEMA
from glasshouse_ml.model.grouped import Grouped
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.use.sql_export.compiling import OUTPUT_COLUMNS, compile_prediction

SHARED = f"{SCHEMA}.shared_artifacts"
# The columns of a table of predictions beside the key, and their types.
TARGET_TYPES = {"prediction": "text", "score": "double precision", "probabilities": "jsonb"}
# The tables whose rows a relation shows: of a view those that it reads, of a parent its children.
# A materialized view has rows of its own.
READS_TARGET = """
with recursive
    links as (
        select rule.ev_class as reader, entry.refobjid as relation
        from pg_catalog.pg_rewrite as rule
        join pg_catalog.pg_depend as entry on entry.objid = rule.oid
            and entry.classid = 'pg_catalog.pg_rewrite'::regclass
            and entry.refclassid = 'pg_catalog.pg_class'::regclass
        join pg_catalog.pg_class as relation on relation.oid = rule.ev_class
        where relation.relkind = 'v' and entry.refobjid <> rule.ev_class
        union
        select inhparent, inhrelid from pg_catalog.pg_inherits
    ),
    sources as (
        select $1::regclass::oid as relation
        union
        select links.relation from sources join links on links.reader = sources.relation
    ),
    targets as (
        select $2::regclass::oid as relation
        union
        select links.relation from targets join links on links.reader = targets.relation
    )
select from sources join targets using (relation) limit 1
"""


def predict_into(
    db: Database, model: str, source: str | None, target: str | None, version: int | None
) -> int:
    """Replace the rows of `target` by the predictions for the rows of `source`; their number."""
    if source is None or target is None:
        name = "source" if source is None else "target"
        raise GlasshouseError(f"The {name} is NULL.", f"Name a table as the {name}.")
    facts = registry.facts(db, model, version)
    if facts is None:
        raise registry.not_found(db, model, version)
    number = facts["version"]
    stored = registry.load(db, model, number)
    if stored.key is None:
        raise GlasshouseError(
            f"Model {model!r} has no key, so a prediction cannot name its row.",
            "Train it with a key.",
        )
    # Also checks the columns of the source before a row of the target is deleted.
    statement = compile_prediction(db, model, f"select * from {source}", number, all_rows=True)
    _check_target(db, stored.key, source, target)
    place = shards.distribution(db, source)
    if place is None:
        _empty(db, source, target)
        db.call(insert_statement(db, stored, target, statement))
    else:
        _check_distribution(db, model, stored, place, source, target)
        shards.use_one_session(db)
        _share_artifact(db, model, number)
        # This comes first: Citus then commits in two phases on each connection to a worker.
        db.call(f"delete from {target}")
        _predict_shards(db, model, number, place.column, source, target)
    return db.call(f"select count(*) as n from {target}")[0]["n"]


def _check_target(db: Database, key: str, source: str, target: str) -> None:
    """Refuse a target whose rows are those of the source, are hidden, or lose digits."""
    if db.execute(READS_TARGET, ("text", "text"), (source, target)):
        raise GlasshouseError(
            f"{source} and {target} have rows in common, which the predictions would replace.",
            "Give the predictions a table of their own.",
        )
    [row] = db.execute(
        "select pg_catalog.row_security_active($1::regclass) as hides", ("text",), (target,)
    )
    if row["hides"]:
        raise GlasshouseError(
            f"Row-level security hides rows of {target}, so they cannot be replaced.",
            "Call it as a role that sees and writes all of its rows.",
        )
    types = {column.name: column.type for column in db.columns(f"select * from {target}")}
    for name, kind in ((key, None), *TARGET_TYPES.items()):
        if name not in types or types[name] != (kind or types[name]):
            problem = f"is {types[name]}" if name in types else "is missing"
            raise GlasshouseError(
                f"Column {name!r} of {target} {problem}.",
                f"The target has {key!r} and the columns "
                f"{', '.join(f'{column} {kind}' for column, kind in TARGET_TYPES.items())}.",
            )


def _empty(db: Database, source: str, target: str) -> None:
    """Delete the rows of the target; the source, which a rule may tie to it, keeps its rows."""
    has_rows = f"select exists (select from {source}) as answer"
    before = db.call(has_rows)[0]["answer"]
    db.call(f"delete from {target}")
    if before and not db.call(has_rows)[0]["answer"]:
        raise GlasshouseError(
            f"Without the rows of {target}, {source} has none: it reads them, or a foreign key or "
            "trigger deletes its rows.",
            "Give the predictions a table of their own.",
        )


def insert_statement(db: Database, stored: Model, target: str, statement: str) -> str:
    """The INSERT of what ml.compile returns."""
    columns = ", ".join([db.quote_identifier(stored.key or ""), *OUTPUT_COLUMNS])
    return f"insert into {target} ({columns})\n{statement}"


def _check_distribution(
    db: Database, model: str, stored: Model, place: shards.Distribution, source: str, target: str
) -> None:
    if place.column != stored.key:
        raise GlasshouseError(
            f"Table {source} is distributed by {place.column!r}; the key of model {model!r} is "
            f"{stored.key!r}.",
            "Distribute the table by the key, or insert from ml.predict, which reads all rows "
            "through the coordinator.",
        )
    if isinstance(stored.pipeline[-1], Grouped):
        raise GlasshouseError(
            f"Model {model!r} has a model for each group, and the workers do not have these.",
            "Insert from ml.predict, which reads all rows through the coordinator.",
        )
    if shards.distribution(db, target) != place:
        key = db.quote_literal(place.column)
        raise GlasshouseError(
            f"Table {target} is not distributed as {source} is.",
            f"select create_distributed_table({db.quote_literal(target)}, {key}, "
            f"colocate_with => {db.quote_literal(source)});",
        )


def _share_artifact(db: Database, model: str, version: int) -> None:
    """Copy the artifact to the workers, unless they have it; those of dropped models go."""
    same = db.call(
        f"select from {SCHEMA}.artifacts as artifacts join {SHARED} as shared "
        "using (model, version, signature) where model = $1 and version = $2",
        ("text", "integer"),
        (model, version),
    )
    if same:
        return
    models = db.call(f"select distinct model from {SCHEMA}.artifacts")
    others = [row["model"] for row in models if row["model"] != model]
    db.call(f"delete from {SHARED} where not model = any($1)", ("text[]",), (others,))
    db.call(
        f"insert into {SHARED} (model, version, content, signature) "
        f"select model, version, content, signature from {SCHEMA}.artifacts "
        "where model = $1 and version = $2",
        ("text", "integer"),
        (model, version),
    )


def _predict_shards(
    db: Database, model: str, version: int, column: str, source: str, target: str
) -> None:
    """Call ml.predict_shard once on each shard that holds rows."""
    places = shards.shards_with_rows(db, column, source, target)
    if not places:
        return
    db.call(
        f"select sum({SCHEMA}.predict_shard(shared.model, shared.version, shared.content, "
        "shared.signature, place.name1, place.name2)) "
        f"from {shards.call_item(db, source, column, places)} cross join {SHARED} as shared "
        f"where shared.model = $1 and shared.version = $2",
        ("text", "integer"),
        (model, version),
    )
