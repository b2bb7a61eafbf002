"""ml.train: read, split, compare the candidates, refit the best, test it once, record it."""

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from glasshouse_ml.checks.checking import notices
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.libraries import library_versions
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.request import Request
from glasshouse_ml.core.table import Column
from glasshouse_ml.data import memory, threads
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.fingerprint import fingerprint
from glasshouse_ml.data.interrupts import interruptible
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.registry.artifacts import pack, pack_forecast
from glasshouse_ml.registry.groups import record_groups
from glasshouse_ml.train import groups
from glasshouse_ml.train.champion_comparison import apply_outcome, compare_with_champion
from glasshouse_ml.train.forecast_data import read_forecast_data
from glasshouse_ml.train.forecast_payload import forecast_payload
from glasshouse_ml.train.forecasting import train_forecast
from glasshouse_ml.train.options import DEFAULTS
from glasshouse_ml.train.payload import version_payload
from glasshouse_ml.train.result import TrainingResult
from glasshouse_ml.train.selection import select_model
from glasshouse_ml.train.training_data import read_training_data

# Options that decide what happens to a version, and not what is learned.
_RECORDING_OPTIONS = ("promote", "await_tests", "retrain", "keep")


def train(db: Database, request: Request) -> dict[str, Any]:
    """Train and record a version; the columns of ml.training_result by name."""
    started = time.perf_counter()
    memory.return_freed_memory()
    memory.reset_peak()
    threads.limit_threads(db)
    memory_mb = request.options["memory_mb"]

    def check() -> None:
        db.check_interrupts()
        memory.check_limit(memory_mb)

    train_version = _train_forecast if request.task.answers_by_step else _train_rows
    with _memory_error_as_message(), warnings.catch_warnings(), interruptible(check):
        # Slow convergence and the like are no errors, and would fill the server's log.
        warnings.simplefilter("ignore")
        version = train_version(db, request, started)
    return {
        "model": version.model,
        "version": version.version,
        "algorithm": version.algorithm,
        "metric": version.metric,
        "score": version.score,
        "baseline": version.baseline,
        "champion": version.status == "champion",
        "seconds": round(time.perf_counter() - started, 3),
    }


@contextmanager
def _memory_error_as_message() -> Iterator[None]:
    try:
        yield
    except MemoryError:
        raise GlasshouseError(
            "The server has no memory left for this training.",
            "Limit it to what there is, for example options => '{\"memory_mb\": 1000}', or give "
            "fewer rows or columns.",
            "53200",
        ) from None


def _train_rows(db: Database, request: Request, started: float) -> registry.Version:
    """The version of a model that answers for rows: a new one, or the unchanged newest one."""
    data = read_training_data(db, request)
    spec_fingerprint = _spec_fingerprint(request, data.columns)
    version = registry.unchanged_version(db, request, data.fingerprint, spec_fingerprint)
    if version is not None:
        return version
    result = select_model(db, request, data)
    artifact = pack(_model(result))
    payload, group_metrics = version_payload(result, spec_fingerprint)
    for line in notices(payload["checks"]):
        db.notice(line)
    groups.report(result, payload["version"]["groups"])
    _reserve_and_compare(db, result, payload)
    version = _record_version(db, request, payload, artifact, started)
    record_groups(db, version.model, version.version, groups.group_models(result), group_metrics)
    return version


def _train_forecast(db: Database, request: Request, started: float) -> registry.Version:
    """As _train_rows(), for a model that answers for steps of time."""
    data = read_forecast_data(db, request)
    spec_fingerprint = _spec_fingerprint(request, data.columns)
    version = registry.unchanged_version(db, request, data.fingerprint, spec_fingerprint)
    if version is not None:
        return version
    result = train_forecast(db, request, data)
    artifact = pack_forecast(result.model)
    payload = forecast_payload(db, result, spec_fingerprint)
    payload["version"]["version"] = registry.reserve_version(db, request.model)
    return _record_version(db, request, payload, artifact, started)


def _record_version(
    db: Database, request: Request, payload: dict[str, Any], artifact: bytes, started: float
) -> registry.Version:
    """Record a version, with the time and the memory that its training took."""
    payload["version"] |= {
        "seconds": round(time.perf_counter() - started, 3),
        "peak_memory_mb": memory.peak_mb(),
    }
    version = registry.record_version(db, payload, artifact)
    if not request.options["await_tests"]:
        db.notice(f"Predictions by dbt follow version {version.version} after: make refresh")
    return version


def _reserve_and_compare(db: Database, result: TrainingResult, payload: dict[str, Any]) -> None:
    """Give the version its number, and under promote = if_better compare it with the champion.

    The number locks the model until the transaction ends, so the comparison comes first. It is
    repeated if another session has changed the champion meanwhile: the champion that is compared is
    the one that is replaced.
    """
    model, version = result.request.model, payload["version"]
    if result.request.options["promote"] != "if_better":
        version["version"] = registry.reserve_version(db, model)
        return
    champion = registry.facts(db, model)
    outcome = champion and compare_with_champion(db, result, champion)
    version["version"] = registry.reserve_version(db, model)
    champion = registry.facts(db, model)
    if champion is None:
        return
    if outcome is None or outcome["champion"] != champion["version"]:
        outcome = compare_with_champion(db, result, champion)
    apply_outcome(db, outcome, payload)


def _model(result: TrainingResult) -> Model:
    """The part of a training that predictions need."""
    return Model(
        result.pipeline,
        result.features,
        result.target.names,
        result.target.positive_class,
        result.request.key,
        result.request.task.name,
        result.target.threshold,
        result.target.interval,
    )


def _spec_fingerprint(request: Request, columns: list[Column]) -> str:
    """Changes when the same rows could give another model; the text of the query may change."""
    options = {k: v for k, v in request.options.items() if k not in _RECORDING_OPTIONS}
    for name in ("rows", "comparison_rows"):
        if name in options and options[name] == DEFAULTS[name]:
            del options[name]  # versions from before the option have the same fingerprint
    return fingerprint(
        {
            "task": request.task.name,
            "target": request.target,
            "key": request.key,
            "algorithms": request.algorithms,
            "metric": request.metric,
            "split": request.split,
            "options": options,
            "columns": [[column.name, column.type] for column in columns],
            "libraries": library_versions(
                *(entry["algorithm"] for entry in request.algorithms or ())
            ),
        }
    )
