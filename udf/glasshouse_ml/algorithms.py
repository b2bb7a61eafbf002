"""The catalogue of algorithms: names, classes, parameters."""

import inspect
import json
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any

from glasshouse_ml.errors import GlasshouseError, near_names

BASELINE = "dummy"
# A forest costs far more than it gives once there are many rows.
FOREST_UP_TO = 10_000


@dataclass(frozen=True)
class Algorithm:
    """One algorithm: where scikit-learn keeps it and what it copes with by itself."""

    name: str
    task: str
    path: str
    prepare: str  # the preprocessing it needs, see preprocessing.py
    about: str
    handles_missing: bool
    defaults: tuple[tuple[str, Any], ...] = ()

    @cached_property
    def estimator(self) -> type:
        """The class; imported on first use because each import costs a session time."""
        module, name = self.path.rsplit(".", 1)
        return getattr(import_module(module), name)

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """Every parameter with its default."""
        found = inspect.signature(self.estimator.__init__).parameters.values()
        library = {p.name: p.default for p in found if p.name != "self"}
        return {**library, **dict(self.defaults)}

    def build(self, params: dict[str, Any], seed: int) -> Any:
        """An untrained estimator."""
        for name in params:
            if name not in self.parameters:
                raise GlasshouseError(
                    f"{self.name} has no parameter {name!r}.", near_names(name, self.parameters)
                )
        settings = {**dict(self.defaults), **params}
        if "random_state" in self.parameters:
            settings.setdefault("random_state", seed)
        return self.estimator(**settings)


CATALOGUE = {
    algorithm.name: algorithm
    for algorithm in (
        Algorithm(
            BASELINE,
            "classification",
            "sklearn.dummy.DummyClassifier",
            "none",
            "Ignores every feature and answers with the shares of the classes: the baseline",
            True,
            (("strategy", "prior"),),
        ),
        Algorithm(
            "logistic_regression",
            "classification",
            "sklearn.linear_model.LogisticRegression",
            "linear",
            "A weighted sum of the features, turned into a probability",
            False,
            (("max_iter", 1_000),),
        ),
        Algorithm(
            "hist_gradient_boosting",
            "classification",
            "sklearn.ensemble.HistGradientBoostingClassifier",
            "boosting",
            "Many small trees, each correcting those before it; fast on many rows",
            True,
        ),
        Algorithm(
            "random_forest",
            "classification",
            "sklearn.ensemble.RandomForestClassifier",
            "forest",
            "The mean of many deep trees, each grown on other rows and features",
            True,
        ),
    )
}


def find(name: str) -> Algorithm:
    """The algorithm of that name."""
    if name not in CATALOGUE:
        raise GlasshouseError(f"There is no algorithm {name!r}.", near_names(name, CATALOGUE))
    return CATALOGUE[name]


def shortlist(rows: int) -> list[dict[str, Any]]:
    """What is tried when the caller names nothing."""
    names = ["logistic_regression", "hist_gradient_boosting"]
    if rows <= FOREST_UP_TO:
        names.append("random_forest")
    return [{"algorithm": name, "params": {}} for name in names]


def catalogue_rows() -> list[tuple]:
    """What ml.algorithms shows: name, task, about, class, handles_missing, defaults."""
    return [
        (a.name, a.task, a.about, a.path, a.handles_missing, _defaults(a.parameters))
        for a in CATALOGUE.values()
    ]


def _defaults(parameters: dict[str, Any]) -> str:
    # A few defaults are marks that only Python knows; their text says enough.
    return json.dumps(parameters, default=str, sort_keys=True)
