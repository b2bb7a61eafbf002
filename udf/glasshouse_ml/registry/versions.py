"""Reading the registry with the caller's rights, and the one way to write it."""

# The statements are put together from constants; every value is a parameter.
# ruff: noqa: S608

import json
from dataclasses import dataclass
from typing import Any

from glasshouse_ml.core.errors import GlasshouseError, near_names
from glasshouse_ml.core.model import Model
from glasshouse_ml.data import threads
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.packing import SCHEMA
from glasshouse_ml.registry.artifacts import unpack

# A session keeps the models it used last; each takes from a few kB to some MB.
_MAX_CACHED = 20


@dataclass(frozen=True)
class Version:
    """A recorded version, as far as the engine asks for it again."""

    model: str
    version: int
    status: str
    algorithm: str
    metric: str
    score: float | None
    baseline: float | None
    data_fingerprint: str
    spec_fingerprint: str


_COLUMNS = ", ".join(Version.__dataclass_fields__)


def latest(db: Database, model: str) -> Version | None:
    """The newest version of a model, whatever its status."""
    rows = db.call(
        f"select {_COLUMNS} from {SCHEMA}.model_versions where model = $1 "
        "order by version desc limit 1",
        ("text",),
        (model,),
    )
    return Version(**rows[0]) if rows else None


def record(db: Database, payload: dict[str, Any], artifact: bytes) -> Version:
    """Write a version with all that belongs to it; the registry gives it its number."""
    rows = db.call(
        f"select {_COLUMNS} from {SCHEMA}.record_version($1, $2)",
        ("jsonb", "bytea"),
        (json.dumps(payload, allow_nan=False), artifact),
    )
    return Version(**rows[0])


def hold(db: Database, model: str) -> None:
    """Make others wait who want to change the same model, until this transaction ends."""
    # The same lock as in registry/; waiting for it early keeps a comparison from growing stale.
    db.call(
        "select pg_advisory_xact_lock(hashtextextended('glasshouse ' || $1, 0))::text",
        ("text",),
        (model,),
    )


def facts(db: Database, model: str, version: int | None = None) -> dict[str, Any] | None:
    """The row of a version, or of the champion; None where there is none."""
    rows = db.call(
        f"select to_jsonb(versions) as facts from {SCHEMA}.model_versions as versions "
        "where model = $1 and case when $2 is null then status = 'champion' else version = $2 end",
        ("text", "integer"),
        (model, version),
    )
    return json.loads(rows[0]["facts"]) if rows else None


def bins(db: Database, model: str, version: int) -> dict[str, list[dict[str, Any]]]:
    """The bins of each feature of a version, the rows of all classes together."""
    rows = db.call(
        "select feature, bin, min(lower) as lower, min(category) as category, sum(n)::float8 as n "
        f"from {SCHEMA}.distributions where model = $1 and version = $2 "
        "group by feature, bin order by feature, bin",
        ("text", "integer"),
        (model, version),
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["feature"], []).append(row)
    return found


def score_bins(db: Database, model: str, version: int) -> list[dict[str, Any]]:
    """The bins of what a version answered to its test rows; none from before this was kept."""
    return db.call(
        f"select x as lower, null::text as category, n::float8 as n from {SCHEMA}.curves "
        "where model = $1 and version = $2 and curve = 'score_overall' order by position",
        ("text", "integer"),
        (model, version),
    )


def record_drift(db: Database, model: str, version: int, rows: list[dict[str, Any]]) -> None:
    """Keep what was measured of later rows."""
    db.call(
        f"select {SCHEMA}.record_drift($1, $2, $3)::text",
        ("text", "integer", "jsonb"),
        (model, version, json.dumps(rows, allow_nan=False)),
    )


def record_profile(db: Database, facts: dict[str, Any]) -> None:
    """Keep a profile in place of the last one of its name."""
    db.call(
        f"select {SCHEMA}.record_profile($1)::text",
        ("jsonb",),
        (json.dumps(facts, allow_nan=False),),
    )


def load(db: Database, model: str, version: int | None) -> Model:
    """The champion, or the version that was asked for."""
    rows = db.call(
        f"select version, sha256 from {SCHEMA}.model_versions "
        f"join {SCHEMA}.artifacts using (model, version) "
        "where model = $1 and case when $2 is null then status = 'champion' else version = $2 end",
        ("text", "integer"),
        (model, version),
    )
    if not rows:
        raise _not_found(db, model, version)
    found, sha256 = rows[0]["version"], rows[0]["sha256"]
    # The checksum is looked up on every call: a name alone would keep giving the old model.
    cache = db.session.setdefault("models", {})
    if sha256 not in cache:
        rows = db.call(
            f"select content from {SCHEMA}.artifacts where model = $1 and version = $2",
            ("text", "integer"),
            (model, found),
        )
        if not rows:  # dropped by someone else since the statement above
            raise _not_found(db, model, version)
        content = rows[0]["content"]
        if len(cache) >= _MAX_CACHED:
            del cache[next(iter(cache))]
        cache[sha256] = unpack(content, sha256)
    threads.limit_threads(db)
    threads.limit_estimator_threads(cache[sha256].pipeline)
    return cache[sha256]


def _not_found(db: Database, model: str, version: int | None) -> GlasshouseError:
    rows = db.call(f"select distinct model from {SCHEMA}.model_versions")
    names = [row["model"] for row in rows]
    if model not in names:
        return GlasshouseError(f"There is no model {model!r}.", near_names(model, names))
    newest = latest(db, model)
    assert newest is not None
    if version is None:
        return GlasshouseError(
            f"No version of model {model!r} is champion.",
            f"Version {newest.version} is {newest.status}. Build the model and its tests with dbt, "
            f"call ml.promote, or name a version: version => {newest.version}.",
        )
    if facts(db, model, version):
        return GlasshouseError(
            f"Version {version} of model {model!r} was retired: its figures are kept, the trained "
            "model is not.",
            "Use another version, or train it again.",
        )
    return GlasshouseError(
        f"Model {model!r} has no version {version}.", f"Its newest version is {newest.version}."
    )
