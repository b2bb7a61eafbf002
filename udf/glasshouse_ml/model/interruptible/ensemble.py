"""Forests that are fitted a few trees at a time, and boosting that looks in each round."""

from typing import Any, Self

import numpy as np
from sklearn import ensemble

from glasshouse_ml.data.interrupts import check_interrupts

__all__ = [
    "AdaBoostClassifier",
    "AdaBoostRegressor",
    "BaggingClassifier",
    "BaggingRegressor",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "GradientBoostingClassifier",
    "GradientBoostingRegressor",
    "HistGradientBoostingClassifier",
    "HistGradientBoostingRegressor",
    "IsolationForest",
    "RandomForestClassifier",
    "RandomForestRegressor",
]

# Trees that are fitted at a time, and cells of the training rows times trees: less than a second of
# work. At most so many cells are converted to single precision again for each group of trees.
_TREES, _CELLS = 100, 1_000_000
# Rows of which no tree of an isolation forest sees more.
_ISOLATION_ROWS = 256


class _FittedByTrees:
    """Fits some of the trees at a time, which gives the same trees as all at once.

    With warm_start scikit-learn continues the sequence of random numbers where it was.
    """

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Fit all trees."""
        trees, warm_start = self.n_estimators, self.warm_start
        size = max(1, min(_TREES, _CELLS // max(1, self._cells_per_tree(X))))
        # scikit-learn refuses what is no number, and its bagging an out-of-bag score here.
        if not isinstance(trees, int) or size >= trees or getattr(self, "oob_score", False):
            check_interrupts()
            return super().fit(X, y, sample_weight)  # type: ignore[misc]
        self.__dict__.pop("estimators_", None)
        try:
            self.warm_start = True
            for fitted in range(size, trees + size, size):
                check_interrupts()
                self.n_estimators = min(fitted, trees)
                self._fit_group(X, y, sample_weight, is_last=fitted >= trees)
        finally:
            self.n_estimators, self.warm_start = trees, warm_start
        return self

    def _fit_group(self, X: Any, y: Any, sample_weight: Any, is_last: bool) -> None:
        super().fit(X, y, sample_weight)  # type: ignore[misc]

    def _cells_per_tree(self, rows: Any) -> int:
        return rows.size

    n_estimators: int
    warm_start: bool


class RandomForestClassifier(_FittedByTrees, ensemble.RandomForestClassifier):
    """Fitted some trees at a time."""


class RandomForestRegressor(_FittedByTrees, ensemble.RandomForestRegressor):
    """Fitted some trees at a time."""


class ExtraTreesClassifier(_FittedByTrees, ensemble.ExtraTreesClassifier):
    """Fitted some trees at a time."""


class ExtraTreesRegressor(_FittedByTrees, ensemble.ExtraTreesRegressor):
    """Fitted some trees at a time."""


class BaggingClassifier(_FittedByTrees, ensemble.BaggingClassifier):
    """Fitted some trees at a time."""


class BaggingRegressor(_FittedByTrees, ensemble.BaggingRegressor):
    """Fitted some trees at a time."""


class IsolationForest(_FittedByTrees, ensemble.IsolationForest):
    """Fitted some trees at a time."""

    contamination: float | str

    def _fit_group(self, X: Any, y: Any, sample_weight: Any, is_last: bool) -> None:
        # Only with a share of outliers are all training rows scored after the fit.
        contamination = self.contamination
        try:
            self.contamination = contamination if is_last else "auto"
            super()._fit_group(X, y, sample_weight, is_last)
        finally:
            self.contamination = contamination

    def _cells_per_tree(self, rows: Any) -> int:
        return min(rows.shape[0], _ISOLATION_ROWS) * rows.shape[1]


class _LossThatLooks:
    """A loss of histogram gradient boosting that looks whenever a round computes its gradient."""

    def __init__(self, loss: Any) -> None:
        self.loss = loss

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """The value of the loss."""
        return self.loss(*arguments, **keywords)

    def __getattr__(self, name: str) -> Any:
        if name in ("gradient", "gradient_hessian"):
            check_interrupts()
        return getattr(self.loss, name)


class _FittedByRounds:
    """Looks in each round of histogram gradient boosting, and sets aside columns without a value.

    scikit-learn 1.9 fails on a column that is NaN in every row of a fit, such as a fold.
    """

    def fit(self, X: np.ndarray, y: np.ndarray, **params: Any) -> Self:
        """Fit all rounds; no tree splits at a column without a value."""
        is_empty = np.isnan(X).all(axis=0)
        if is_empty.any():
            X = np.where(is_empty, 0.0, X)
        super().fit(X, y, **params)  # type: ignore[misc]
        self._loss = self._loss.loss
        return self

    def _get_loss(self, sample_weight: Any) -> Any:
        return _LossThatLooks(super()._get_loss(sample_weight))  # type: ignore[misc]

    _loss: Any


class HistGradientBoostingClassifier(_FittedByRounds, ensemble.HistGradientBoostingClassifier):
    """Looks in each round."""


class HistGradientBoostingRegressor(_FittedByRounds, ensemble.HistGradientBoostingRegressor):
    """Looks in each round."""


def _monitor(*_: Any) -> bool:
    """Called by scikit-learn after each round; True would end the fit early."""
    check_interrupts()
    return False


class GradientBoostingClassifier(ensemble.GradientBoostingClassifier):
    """Looks after each round."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit all rounds."""
        return super().fit(X, y, sample_weight, _monitor)


class GradientBoostingRegressor(ensemble.GradientBoostingRegressor):
    """Looks after each round."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit all rounds."""
        return super().fit(X, y, sample_weight, _monitor)


class AdaBoostClassifier(ensemble.AdaBoostClassifier):
    """Looks before each round."""

    def _boost(self, *arguments: Any) -> Any:
        check_interrupts()
        return super()._boost(*arguments)


class AdaBoostRegressor(ensemble.AdaBoostRegressor):
    """Looks before each round."""

    def _boost(self, *arguments: Any) -> Any:
        check_interrupts()
        return super()._boost(*arguments)
