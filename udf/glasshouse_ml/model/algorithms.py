"""The catalogue of algorithms: names, classes, parameters."""

import inspect
import json
import re
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from math import isfinite
from typing import Any

from glasshouse_ml.core.errors import GlasshouseError, near_names
from glasshouse_ml.core.libraries import is_installed, missing_library_error
from glasshouse_ml.data.threads import PARAMETER, thread_count
from glasshouse_ml.model.estimators import ESTIMATORS, EXTRAS, MAX_ROWS, MULTILABEL, Entry
from glasshouse_ml.model.forecasting.catalogue import FORECASTERS

BASELINE = "dummy"
# Modules of scikit-learn with classes in model/interruptible/.
INTERRUPTIBLE = ("ensemble", "linear_model", "neural_network")


@dataclass(frozen=True)
class Algorithm:
    """One algorithm: its class in scikit-learn, and a description."""

    name: str
    task: str
    path: str
    description: str
    defaults: tuple[tuple[str, Any], ...] = ()

    @cached_property
    def estimator(self) -> Any:
        """The class; imported on first use, because an import takes time in every session."""
        library, module, name = self.path.rsplit(".", 2)
        if module in INTERRUPTIBLE:
            own = import_module(f"glasshouse_ml.model.interruptible.{module}")
            if name in own.__all__:
                return getattr(own, name)
        return getattr(import_module(f"{library}.{module}"), name)

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """Every parameter with its default."""
        signature = inspect.signature(self.estimator.__init__).parameters.values()
        library = {p.name: p.default for p in signature if p.name != "self"}
        return {**library, **dict(self.defaults)}

    @cached_property
    def handles_missing(self) -> bool:
        """Whether it accepts NaN; otherwise the preprocessing imputes missing values."""
        return self.is_baseline or input_tags(self.build({}, 0)).allow_nan

    @property
    def is_baseline(self) -> bool:
        """Whether it is the dummy, which ignores the features."""
        return self.path.startswith("sklearn.dummy.")

    def check_rows(self, count: int) -> None:
        """Refuse more training rows than the algorithm fits in a bearable time."""
        most = MAX_ROWS.get(self.name, count)
        if count > most:
            raise GlasshouseError(
                f"{self.name} takes at most {most} training rows, these are {count}.",
                "It compares all rows with one another in one step that cannot be interrupted: "
                "choose another algorithm, or give a sample of the rows.",
            )

    def build(self, params: dict[str, Any], seed: int) -> Any:
        """An untrained estimator."""
        return self.estimator(**self._settings(params, seed))

    def wrap(self, estimator: Any) -> Any:
        """What is fitted: the estimator, or one that fits it several times."""
        return estimator

    def _settings(self, params: dict[str, Any], seed: int) -> dict[str, Any]:
        for name in params:
            if name not in self.parameters:
                raise GlasshouseError(
                    f"{self.name} has no parameter {name!r}.", near_names(name, self.parameters)
                )
        settings = {**dict(self.defaults), **params}
        if "random_state" in self.parameters:
            settings.setdefault("random_state", seed)
        if settings.get(PARAMETER) is not None:
            settings[PARAMETER] = thread_count(settings[PARAMETER])
        return settings


@dataclass(frozen=True)
class ExtraAlgorithm(Algorithm):
    """An algorithm of an optional library, behind an estimator of this package."""

    own: str = ""

    @cached_property
    def estimator(self) -> type:
        """The class of this package around that of the library."""
        return getattr(import_module("glasshouse_ml.model.boosting"), self.own)

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The parameters of the library that may be set."""
        return self.estimator.parameters()  # type: ignore[attr-defined]

    def build(self, params: dict[str, Any], seed: int) -> Any:
        """An untrained estimator."""
        return self.estimator(self._settings(params, seed))


@dataclass(frozen=True)
class MultilabelAlgorithm(Algorithm):
    """A classification of two classes that is fitted once for each label."""

    def wrap(self, estimator: Any) -> Any:
        """scikit-learn fits the estimator to each column of a matrix of labels."""
        from sklearn.multiclass import OneVsRestClassifier

        return OneVsRestClassifier(estimator)


@dataclass(frozen=True)
class ForecastAlgorithm(Algorithm):
    """A candidate of a forecast. It takes no parameters: it fits its own."""

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """None."""
        return {}

    @cached_property
    def handles_missing(self) -> bool:
        """Gaps are filled before."""
        return False

    def build(self, params: dict[str, Any], seed: int) -> None:
        """Only check the params: model/forecasting/ fits it."""
        self._settings(params, seed)


def input_tags(estimator: Any) -> Any:
    """scikit-learn's input tags of an estimator: allow_nan, sparse and more."""
    from sklearn.utils import get_tags

    return get_tags(estimator).input_tags


def snake_case_name(class_name: str) -> str:
    """RandomForestClassifier is random_forest, KMeans is k_means, LassoLarsIC lasso_lars_ic."""
    name = re.sub(r"(Classifier|Regressor)$", "", class_name)
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _algorithm(task: str, entry: Entry) -> Algorithm:
    path, about, *rest = entry
    defaults: dict[str, Any] = rest[0] if rest else {}  # type: ignore[assignment]
    name = str(rest[1]) if len(rest) > 1 else snake_case_name(path.rsplit(".", 1)[1])
    if name in MAX_ROWS:
        about += f"; at most {MAX_ROWS[name]:,} training rows"
    return Algorithm(name, task, f"sklearn.{path}", about, tuple(defaults.items()))


def _catalogue(task: str) -> dict[str, Algorithm]:
    catalogue_of_task = {
        algorithm.name: algorithm
        for algorithm in (_algorithm(task, entry) for entry in ESTIMATORS[task])
    }
    for name, path, own, about in EXTRAS.get(task, ()):
        if is_installed(name):
            catalogue_of_task[name] = ExtraAlgorithm(name, task, path, about, own=own)
    return catalogue_of_task


CATALOGUE: dict[str, dict[str, Algorithm]] = {
    **{task: _catalogue(task) for task in ESTIMATORS},
    "multilabel": {
        name: MultilabelAlgorithm(name, "multilabel", each.path, each.description, each.defaults)
        for name, each in _catalogue("classification").items()
        if name in MULTILABEL
    },
    "forecast": {
        name: ForecastAlgorithm(name, "forecast", path, about) for name, path, about in FORECASTERS
    },
}


def find_algorithm(task: str, name: str) -> Algorithm:
    """The algorithm of that name."""
    available = CATALOGUE[task]
    if name in available:
        return available[name]
    if any(name == extra[0] for extra in EXTRAS.get(task, ())):
        raise missing_library_error(name)
    others = [other for other in CATALOGUE if name in CATALOGUE[other]]
    if others:
        raise GlasshouseError(
            f"{name} is no algorithm for {task} but for {' and '.join(others)}.",
            near_names(name, available),
        )
    raise GlasshouseError(
        f"There is no algorithm {name!r} for {task}.", near_names(name, available)
    )


def catalogue_rows() -> list[tuple]:
    """What ml.algorithms shows: name, task, about, class, handles_missing, defaults."""
    return [
        (a.name, a.task, a.description, a.path, a.handles_missing, _defaults(a.parameters))
        for algorithms in CATALOGUE.values()
        for a in algorithms.values()
    ]


def _defaults(parameters: dict[str, Any]) -> str:
    # JSON has no infinity and no sentinels; these defaults are shown as text.
    plain = {
        name: str(value) if isinstance(value, float) and not isfinite(value) else value
        for name, value in parameters.items()
    }
    return json.dumps(plain, default=str, sort_keys=True)
