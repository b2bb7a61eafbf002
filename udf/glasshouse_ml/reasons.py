"""What the registry keeps of how a version comes to its answers and where it errs."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from glasshouse_ml.coefficients import coefficient_rows
from glasshouse_ml.correlations import Values, columns_of, correlation_rows
from glasshouse_ml.dependence import MOST_CLASSES, dependence_rows
from glasshouse_ml.metric import Measured
from glasshouse_ml.regression import predicted
from glasshouse_ml.regression_metrics import Numbers
from glasshouse_ml.residuals import residual_rows
from glasshouse_ml.table import TIME
from glasshouse_ml.task import Rows

if TYPE_CHECKING:
    from glasshouse_ml.payload import Trained


def reason_rows(trained: "Trained", test: Measured, importances: Rows) -> dict[str, Rows]:
    """A list of rows for each table of the registry."""
    return {
        "coefficients": _coefficients(trained),
        "partial_dependence": _dependence(trained, importances),
        "correlations": _correlations(trained, importances),
        "residuals": _residuals(trained, test),
    }


def _coefficients(trained: "Trained") -> Rows:
    if not trained.fitter.task.needs_target:
        return []
    trained.fitter.db.checkpoint()
    return coefficient_rows(
        trained.best,
        trained.features,
        trained.training.matrix,
        trained.training.actual,
        trained.target.names,
        trained.target.positive,
    )


def _by_importance(trained: "Trained", importances: Rows) -> list[int]:
    """Positions of the features, the most important first; as they came where nobody measured."""
    ranks = {entry["feature"]: entry["rank"] for entry in importances}
    positions = range(len(trained.features))
    return sorted(positions, key=lambda position: ranks.get(trained.features[position].name, 0))


def _dependence(trained: "Trained", importances: Rows) -> Rows:
    wanted = trained.request.options["dependence"]
    if not wanted or not importances or not trained.fitter.task.needs_target:
        return []
    return dependence_rows(
        _answer(trained),
        trained.test.matrix,
        trained.training.matrix,
        trained.features,
        _by_importance(trained, importances)[:wanted],
        _classes(trained),
        trained.request.options["seed"],
        trained.fitter.db.checkpoint,
    )


def _answer(trained: "Trained") -> Callable[[np.ndarray], np.ndarray]:
    if trained.target.names:
        return trained.best.predict_proba
    return lambda matrix: predicted(trained.best, matrix)


def _classes(trained: "Trained") -> list[tuple[str, int]]:
    """The classes that are shown, each with its column among the answers."""
    target = trained.target
    if not target.names:
        return [("", 0)]
    if target.positive is not None:
        return [(target.names[target.positive], target.positive)]
    counts = np.bincount(trained.training.actual, minlength=len(target.names))
    frequent = np.sort(np.argsort(-counts, kind="stable")[:MOST_CLASSES])
    return [(target.names[position], int(position)) for position in frequent]


def _correlations(trained: "Trained", importances: Rows) -> Rows:
    paired = trained.request.options["correlations"]
    if not paired:
        return []
    trained.fitter.db.checkpoint()
    names = [trained.features[i].name for i in _by_importance(trained, importances)]
    columns = {column.name: column for column in trained.data.columns}
    table = trained.data.table.take(trained.split.train)
    values = columns_of(table, [columns[name] for name in names])
    if trained.request.target:
        values.append(_target(trained, trained.request.target))
    return correlation_rows(values, trained.request.options["seed"], paired)


def _target(trained: "Trained", name: str) -> Values:
    """Two classes are a number: 1 for the positive one, so that a correlation has a sign."""
    answers, target = trained.training.actual, trained.target
    if target.positive is not None:
        return Values(name, (answers == target.positive).astype(float), False)
    return Values(name, answers, bool(target.names))


def _residuals(trained: "Trained", test: Measured) -> Rows:
    if not isinstance(test, Numbers):
        return []
    request, table = trained.request, trained.data.table.take(trained.split.test)
    moments = None
    if request.split["by"] == "time" and trained.data.divider_kind == TIME:
        moments = table.numbers[request.split["column"]]
    return residual_rows(
        test,
        table.texts[request.key].values() if request.key else None,
        None,
        moments,
        request.options["seed"],
    )
