"""ml.train: read, divide, compare the candidates, refit the best, test it once, record it."""

import time
import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.libraries import versions
from glasshouse_ml.core.request import Request, check
from glasshouse_ml.core.task import Target
from glasshouse_ml.data import memory, threads
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.encoding import MOST_CATEGORIES, MOST_MEANS, encode, learn
from glasshouse_ml.data.fingerprint import fingerprint
from glasshouse_ml.data.interrupts import attentive
from glasshouse_ml.model import algorithms as catalogue
from glasshouse_ml.model import candidates
from glasshouse_ml.model import grouped as groups
from glasshouse_ml.model.assembly import check_monotonic
from glasshouse_ml.model.fitting import Fitter, Part
from glasshouse_ml.model.splitting import Split, divide
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.registry.artifacts import Model, pack
from glasshouse_ml.tasks.registry import TASKS
from glasshouse_ml.train import training_data as examples
from glasshouse_ml.train.champion_comparison import compare
from glasshouse_ml.train.payload import Trained, payload


def train(db: Database, **arguments: Any) -> dict[str, Any]:
    """Do what ml.train promises; the arguments are those of the SQL function."""
    try:
        return _run(db, **arguments)
    except MemoryError:
        raise GlasshouseError(
            "The server has no memory left for this training.",
            "Hold it to what there is, for example options => '{\"memory_mb\": 1000}', or give "
            "fewer rows or columns.",
            "53200",
        ) from None


def _run(db: Database, **arguments: Any) -> dict[str, Any]:
    started = time.perf_counter()
    memory.hand_back_at_once()
    memory.forget_peak()
    threads.bound(db)
    request = check(**arguments)
    limit = request.options["memory_mb"]

    def look_up() -> None:
        db.checkpoint()
        memory.check(limit)

    with warnings.catch_warnings(), attentive(look_up):
        # Slow convergence and the like are no errors, and would fill the server's log.
        warnings.simplefilter("ignore")
        data = examples.read(db, request)
        spec = _spec(request, data)
        version = _unchanged(db, request, data, spec)
        made = _made(db, request, data, spec) if version is None else None
    if made is not None:
        facts, artifact = made
        facts["version"] |= {
            "seconds": round(time.perf_counter() - started, 3),
            "peak_memory_mb": memory.peak_mb(),
        }
        version = registry.record(db, facts, artifact)
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


def _made(
    db: Database, request: Request, data: examples.Examples, spec: str
) -> tuple[dict[str, Any], bytes]:
    """What is to be recorded: the facts of a training, and the trained model."""
    trained = _train(db, request, data)
    artifact = pack(
        Model(
            trained.best,
            trained.features,
            trained.target.names,
            trained.target.positive_class,
            request.key,
            request.task,
            trained.target.threshold,
        )
    )
    facts = payload(trained, spec)
    groups.report(trained, facts["version"]["groups"])
    if request.options["promote"] == "if_better":
        compare(db, trained, facts)
    return facts, artifact


def _spec(request: Request, data: examples.Examples) -> str:
    """Changes when the same rows could give another model; the text of the query may change."""
    # How a version is promoted or kept does not change what is trained.
    ignored = ("promote", "await_tests", "retrain", "keep")
    options = {k: v for k, v in request.options.items() if k not in ignored}
    return fingerprint(
        {
            "task": request.task,
            "target": request.target,
            "key": request.key,
            "algorithms": request.algorithms,
            "metric": request.metric,
            "split": request.split,
            "options": options,
            "columns": [[column.name, column.type] for column in data.columns],
            "libraries": versions(*(entry["algorithm"] for entry in request.algorithms or ())),
        }
    )


def _unchanged(
    db: Database, request: Request, data: examples.Examples, spec: str
) -> registry.Version | None:
    """The latest version, where it was asked to keep it and nothing has changed since."""
    if request.options["retrain"] != "if_changed":
        return None
    last = registry.latest(db, request.model)
    if last and (last.data_fingerprint, last.spec_fingerprint) == (data.fingerprint, spec):
        return last
    return None


def _in_parts(
    data: examples.Examples, target: Target, split: Split
) -> tuple[examples.Examples, Target, Split]:
    """The same with the rows of the training part first, and those of the test part after them."""
    order = np.concatenate([split.train, split.test])
    data.table.arrange(order)
    target = replace(target, values=target.values[order])
    places = np.arange(len(order))
    parts = replace(split, train=places[: len(split.train)], test=places[len(split.train) :])
    return replace(data, target=target), target, parts


def _train(db: Database, request: Request, data: examples.Examples) -> Trained:
    task, target, options = TASKS[request.task], data.target, request.options
    split = divide(data.table, task.strata(target), request)
    data, target, split = _in_parts(data, target, split)
    columns, useless = examples.useful(data.columns, data.table, split.train)
    most = MOST_MEANS if task.learns_target else MOST_CATEGORIES
    features = learn(columns, data.table, split.train, most)
    if options.get("monotonic"):
        check_monotonic(features, options["monotonic"])
    excluded = [*data.excluded, *useless]
    if options.get("group_by"):
        groups.position(features, options["group_by"], excluded)
    matrix, learned = encode(features, data.table), len(split.train)
    # Both parts are views of one matrix: its rows lie in memory once.
    training = Part(matrix[:learned], target.values[:learned], split.train)
    test = Part(matrix[learned:], target.values[learned:])
    fitter = Fitter(db, features, task, target, options, split)
    metric = task.metrics[request.metric or task.default_metric(target)]

    entries = candidates.wanted(request, fitter, len(split.train))
    blind = task.baseline(metric)
    if blind is not None:
        entries = [[{"algorithm": catalogue.BASELINE, "params": blind}], *entries]
    tried = candidates.compare(
        fitter, entries, training, split.folds, metric, first=int(blind is None)
    )
    chosen = candidates.best(tried, metric)
    fitter = replace(fitter, target=task.decided(chosen.folds, target))
    best = fitter.fit(chosen.algorithm, chosen.params, training)
    return Trained(
        request=request,
        data=data,
        split=split,
        features=features,
        excluded=excluded,
        fitter=fitter,
        metric=metric,
        candidates=tried,
        chosen=chosen,
        best=best,
        baseline=None if blind is None else fitter.fit(catalogue.BASELINE, blind, training),
        target=task.settle(best, matrix, fitter.target),
        training=training,
        test=test,
    )
