"""Reads the registry with the rights of the caller; writes it through functions of ml_registry."""

# The statements are put together from constants; every value is a parameter.
# ruff: noqa: S608

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from glasshouse_ml.core.errors import GlasshouseError, near_names
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.request import Request
from glasshouse_ml.data import threads
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.packing import SCHEMA
from glasshouse_ml.data.shards import SignedArtifact
from glasshouse_ml.model.forecasting.forecast_model import ForecastModel
from glasshouse_ml.registry.artifacts import unpack
from glasshouse_ml.registry.groups import load_groups_on_demand
from glasshouse_ml.registry.signatures import sign, verify

# A session caches the models that it used last; each takes from a few kB to some MB.
_MAX_CACHED = 20


@dataclass(frozen=True)
class Version:
    """The columns of ml.model_versions that the engine reads again."""

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


def unchanged_version(
    db: Database, request: Request, data_fingerprint: str, spec_fingerprint: str
) -> Version | None:
    """The newest version of a model if it was trained on the same rows with the same settings.

    None without options.retrain = if_changed, and if the rows of the version in the registry are
    malformed: the model is then trained again.
    """
    if request.options["retrain"] != "if_changed":
        return None
    version = latest(db, request.model)
    if version is None:
        return None
    fingerprints = version.data_fingerprint, version.spec_fingerprint
    if fingerprints != (data_fingerprint, spec_fingerprint):
        return None
    malformed = db.call(
        f"select 1 from {SCHEMA}.malformed_versions where model = $1 and version = $2",
        ("text", "integer"),
        (request.model, version.version),
    )
    return None if malformed else version


def reserve_version(db: Database, model: str) -> int:
    """The number of the next version of a model.

    Until this transaction ends, nobody else can add a version to the model or change its champion.
    """
    rows = db.call(f"select {SCHEMA}.reserve_version($1) as version", ("text",), (model,))
    return rows[0]["version"]


def record_version(db: Database, payload: dict[str, Any], artifact: bytes) -> Version:
    """Sign an artifact and write its version, whose number was reserved before."""
    facts = payload["version"]
    signature = sign(facts["model"], facts["version"], artifact)
    rows = db.call(
        f"select {_COLUMNS} from {SCHEMA}.record_version($1, $2, $3)",
        ("jsonb", "bytea", "bytea"),
        (json.dumps(payload, allow_nan=False), artifact, signature),
    )
    return Version(**rows[0])


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
        "select feature, bin, min(lower) as lower, max(upper) as upper, min(category) as category, "
        "min(bin_type) as bin_type, sum(n)::float8 as n "
        f"from {SCHEMA}.distributions where model = $1 and version = $2 "
        "group by feature, bin order by feature, bin",
        ("text", "integer"),
        (model, version),
    )
    bins_of: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        bins_of.setdefault(row["feature"], []).append(row)
    return bins_of


def score_bins(db: Database, model: str, version: int) -> list[dict[str, Any]]:
    """The bins of the scores of the test rows of a version; [] where an old version has none."""
    return db.call(
        "select x as lower, null::text as category, 'range' as bin_type, n::float8 as n "
        f"from {SCHEMA}.curves where model = $1 and version = $2 "
        "and curve = 'score_overall' order by position",
        ("text", "integer"),
        (model, version),
    )


def calibration(db: Database, model: str, version: int, series: str) -> list[dict[str, Any]]:
    """The calibration curve of a class in ascending order; [] where there is none."""
    return db.call(
        f"select x, y, n::float8 as n from {SCHEMA}.curves where model = $1 and version = $2 "
        "and series = $3 and curve = 'calibration' and n > 0 order by x",
        ("text", "integer", "text"),
        (model, version, series),
    )


def residuals(db: Database, model: str, version: int) -> list[dict[str, Any]]:
    """Predicted and actual values of the test rows of a regression."""
    return db.call(
        f"select predicted, actual from {SCHEMA}.residuals where model = $1 and version = $2 "
        "order by position",
        ("text", "integer"),
        (model, version),
    )


def record_drift(db: Database, model: str, version: int, rows: list[dict[str, Any]]) -> None:
    """Store how far later rows are from those a version was trained on."""
    db.call(
        f"select {SCHEMA}.record_drift($1, $2, $3)::text",
        ("text", "integer", "jsonb"),
        (model, version, json.dumps(rows, allow_nan=False)),
    )


def record_contest(db: Database, model: str, version: int, rows: list[dict[str, Any]]) -> None:
    """Store what each group of columns adds to a version."""
    db.call(
        f"select {SCHEMA}.record_contest($1, $2, $3)::text",
        ("text", "integer", "jsonb"),
        (model, version, json.dumps(rows, allow_nan=False)),
    )


def record_profile(db: Database, facts: dict[str, Any]) -> None:
    """Store a profile, which replaces an earlier one of its name."""
    db.call(
        f"select {SCHEMA}.record_profile($1)::text",
        ("jsonb",),
        (json.dumps(facts, allow_nan=False),),
    )


def load(db: Database, model: str, version: int | None = None) -> Model:
    """The champion of a model, or a given version of it, after its signature was verified."""
    stored = _load(db, model, version)
    if isinstance(stored, ForecastModel):
        raise GlasshouseError(
            f"Model {model!r} is a forecast: it answers for steps of time, not for rows.",
            f"Call ml.forecast({db.quote_literal(model)}).",
        )
    threads.limit_threads(db)
    threads.limit_estimator_threads(stored.pipeline)
    return stored


def load_forecast(db: Database, model: str, version: int | None = None) -> ForecastModel:
    """As load(), for a forecast."""
    stored = _load(db, model, version)
    if not isinstance(stored, ForecastModel):
        raise GlasshouseError(
            f"Model {model!r} is a {stored.task}: it answers for rows, not for steps of time.",
            f"Call ml.predict({db.quote_literal(model)}, query).",
        )
    threads.limit_threads(db)
    return stored


@contextmanager
def shared_artifact(
    db: Database, model: str, version: int, content: bytes, signature: bytes
) -> Iterator[None]:
    """Let load() return this version although the registry of this server does not hold it.

    A GlasshouseError unless the artifact was signed with this server's key.
    """
    stored = _unpacked(db, model, version, signature, lambda: content)
    shared = db.session.setdefault("shared models", {})
    shared[model, version] = stored
    try:
        yield
    finally:
        del shared[model, version]


def artifact(db: Database, model: str, version: int) -> SignedArtifact:
    """The artifact of a version as it is stored."""
    rows = db.call(
        f"select content, signature from {SCHEMA}.artifacts where model = $1 and version = $2",
        ("text", "integer"),
        (model, version),
    )
    if not rows:
        raise not_found(db, model, version)
    return SignedArtifact(model, version, rows[0]["content"], rows[0]["signature"])


def _load(db: Database, model: str, version: int | None) -> Model | ForecastModel:
    shared = db.session.get("shared models", {})
    if (model, version) in shared:
        return shared[model, version]
    rows = db.call(
        f"select version, signature from {SCHEMA}.model_versions "
        f"join {SCHEMA}.artifacts using (model, version) "
        "where model = $1 and case when $2 is null then status = 'champion' else version = $2 end",
        ("text", "integer"),
        (model, version),
    )
    if not rows:
        raise not_found(db, model, version)
    version, signature = rows[0]["version"], rows[0]["signature"]

    def content() -> bytes:
        rows = db.call(
            f"select content from {SCHEMA}.artifacts where model = $1 and version = $2",
            ("text", "integer"),
            (model, version),
        )
        if not rows:  # another session has dropped it since the statement above
            raise not_found(db, model, version)
        return rows[0]["content"]

    return _unpacked(db, model, version, signature, content)


def _unpacked(
    db: Database, model: str, version: int, signature: bytes, content: Callable[[], bytes]
) -> Model | ForecastModel:
    """The model of an artifact whose signature is valid; the session keeps those it used last."""
    # The signature tells a version from one that was recorded under the same number later.
    cache, key = db.session.setdefault("models", {}), (model, version, signature)
    if key not in cache:
        artifact = content()
        verify(model, version, artifact, signature)
        if len(cache) >= _MAX_CACHED:
            del cache[next(iter(cache))]
        cache[key] = unpack(artifact)
        load_groups_on_demand(db, model, version, cache[key])
    return cache[key]


def not_found(db: Database, model: str, version: int | None) -> GlasshouseError:
    """The error that says why a version cannot be used."""
    rows = db.call(f"select model, version, status from {SCHEMA}.model_versions order by version")
    statuses = {row["version"]: row["status"] for row in rows if row["model"] == model}
    if not statuses:
        names = {row["model"] for row in rows}
        return GlasshouseError(f"There is no model {model!r}.", near_names(model, names))
    newest = max(statuses)
    if version is None:
        return GlasshouseError(
            f"No version of model {model!r} is champion.",
            f"Version {newest} is {statuses[newest]}. Build the model and its tests with dbt, "
            f"call ml.promote, or name a version: version => {newest}.",
        )
    if version in statuses:
        return GlasshouseError(
            f"Version {version} of model {model!r} was retired: its figures are kept, the trained "
            "model is not.",
            "Use another version, or train it again.",
        )
    return GlasshouseError(
        f"Model {model!r} has no version {version}.", f"Its newest version is {newest}."
    )
