"""Fits of an estimator on rows that arrive in batches, after the preprocessing was learned.

Ridge and linear regression need only sums of products, so their result is that of a fit on all rows
at once. XGBoost reads the rows several times, from a temporary file. The others learn batch by
batch with scikit-learn's partial_fit().
"""

import tempfile
from collections.abc import Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from scipy.linalg import lstsq, solve
from scipy.sparse import issparse
from sklearn.base import clone, is_regressor
from sklearn.compose import ColumnTransformer
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from glasshouse_ml.model.boosting import XGBoostClassifier, XGBoostRegressor

EXACT_SUMS, STREAMING = "exact sums", "streaming"
# The sums of products of so many columns take 200 MB.
MAX_COLUMNS = 5_000
# The standard deviation below which a prepared column, of about 1 in the sample, is constant.
_CONSTANT = 1e-6
# What these learn of all rows does not depend on the batches.
_BAYES = ("BernoulliNB", "GaussianNB")
_PARTIAL = ("MiniBatchKMeans", "SGDClassifier", "SGDRegressor")


# Where PostgreSQL has its own temporary files, seen from the folder in which its sessions run.
_TEMPORARY_FILES = Path("base", "pgsql_tmp")
# The bytes that XGBoost takes for a value in its bins and for a row, at the peak. Measured.
_BIN_BYTES, _BINNED_ROW_BYTES = 3, 45
# The values that are read from the temporary file at a time: 8 MB.
_BATCH_VALUES = 2_000_000


class BatchFit(Protocol):
    """Learns from batches."""

    method: str

    def bytes_needed(self) -> int:
        """The memory that result() takes and that grows with the number of rows."""

    def add(self, matrix: np.ndarray, target_values: np.ndarray) -> None:
        """Learn from some rows of the matrix of encoding.encode()."""

    def result(self) -> Pipeline:
        """The fitted Pipeline."""


class MergeableFit(BatchFit, Protocol):
    """Learns from parts of the rows apart; what it learns of all does not depend on the parts."""

    def state(self) -> dict[str, np.ndarray]:
        """What was learned, as arrays."""

    def merge(self, state: dict[str, np.ndarray]) -> None:
        """Add what another fit of the same Pipeline has learned of other rows."""


def mergeable_fit(fit: BatchFit) -> MergeableFit | None:
    """The fit if it can be merged, else None."""
    return fit if isinstance(fit, ExactSums | BayesFit) else None


def batch_fit(fitted: Pipeline, classes: int, seed: int) -> BatchFit | None:
    """A fit on all rows that begins with what a Pipeline has learned from a sample.

    None where the estimator cannot learn in batches; `classes` is 0 without classes.
    """
    estimator = fitted[-1]
    name = type(estimator).__name__
    if name in ("Ridge", "LinearRegression") and not estimator.positive:
        columns = estimator.n_features_in_
        return ExactSums(fitted) if columns <= MAX_COLUMNS else None
    if isinstance(estimator, XGBoostClassifier | XGBoostRegressor):
        return BinnedFit(fitted, classes) if estimator.learns_in_batches else None
    if name in _BAYES:
        return BayesFit(fitted, classes, seed)
    return PartialFit(fitted, classes, seed) if name in _PARTIAL else None


class ExactSums:
    """Ridge or linear regression from the sums of products of all rows."""

    method = EXACT_SUMS

    def __init__(self, fitted: Pipeline) -> None:
        """The prepared columns are those of the sample, near 0, so the sums lose no digits."""
        self.fitted = fitted
        columns = fitted[-1].n_features_in_
        self.rows = 0
        self.sums, self.target_sum = np.zeros(columns), 0.0
        self.products, self.target_products = np.zeros((columns, columns)), np.zeros(columns)
        self.shift: float | None = None

    def add(self, matrix: np.ndarray, target_values: np.ndarray) -> None:
        """Add the sums of some rows."""
        prepared = _prepare(self.fitted, matrix)
        if self.shift is None:
            self.shift = float(target_values.mean())
        target_values = target_values - self.shift
        self.rows += len(target_values)
        self.sums += prepared.sum(axis=0)
        self.target_sum += float(target_values.sum())
        self.products += prepared.T @ prepared
        self.target_products += prepared.T @ target_values

    def state(self) -> dict[str, np.ndarray]:
        """The sums, with the shift of the target."""
        return {
            "rows": np.array(self.rows),
            "shift": np.array(self.shift or 0.0),
            "sums": self.sums,
            "target_sum": np.array(self.target_sum),
            "products": self.products,
            "target_products": self.target_products,
        }

    def merge(self, state: dict[str, np.ndarray]) -> None:
        """Add the sums of other rows, whose targets may have another shift."""
        rows, shift = int(state["rows"]), float(state["shift"])
        if not rows:
            return
        if self.shift is None:
            self.shift = shift
        change = shift - self.shift
        self.rows += rows
        self.sums += state["sums"]
        self.target_sum += float(state["target_sum"]) + rows * change
        self.products += state["products"]
        self.target_products += state["target_products"] + change * state["sums"]

    def bytes_needed(self) -> int:
        """None."""
        return 0

    def result(self) -> Pipeline:
        """The Pipeline whose weights solve the normal equations of all rows."""
        estimator = deepcopy(self.fitted[-1])
        shift, means = self.shift or 0.0, self.sums / self.rows
        # A fit on all rows would centre and scale such a column by all rows and not by the sample.
        scaled = _scaled_columns(self.fitted, len(means))
        centre = np.where(scaled | estimator.fit_intercept, means, 0.0)
        level = shift + self.target_sum / self.rows if estimator.fit_intercept else 0.0
        outside = self.sums - self.rows * centre
        products = self.products - np.outer(self.sums, centre) - np.outer(centre, outside)
        cross_products = self.target_products - centre * self.target_sum + (shift - level) * outside
        scales = np.sqrt(np.diag(products).clip(0) / self.rows)
        scales[~scaled | (scales < _CONSTANT)] = 1.0
        products = products / np.outer(scales, scales)
        alpha = getattr(estimator, "alpha", 0.0)
        if alpha:
            ridge = products + alpha * np.eye(len(means))
            weights = solve(ridge, cross_products / scales, assume_a="pos")
        else:
            weights = lstsq(products, cross_products / scales)[0]
        estimator.coef_ = weights / scales
        estimator.intercept_ = level - float(centre @ estimator.coef_)
        return Pipeline([*self.fitted.steps[:-1], ("estimate", estimator)])


class PartialFit:
    """An estimator of scikit-learn that learns batch by batch."""

    method = STREAMING

    def __init__(self, fitted: Pipeline, classes: int, seed: int) -> None:
        """A clustering goes on from the centres of the sample: its clusters keep their numbers."""
        self.fitted = fitted
        estimator = fitted[-1]
        has_target = classes or is_regressor(estimator)
        self.estimator: Any = clone(estimator) if has_target else deepcopy(estimator)
        self.parameters: dict[str, Any] = {"classes": np.arange(classes)} if classes else {}
        self.random = np.random.default_rng(seed)

    def add(self, matrix: np.ndarray, target_values: np.ndarray) -> None:
        """Learn from some rows in random order, because neighbours may be alike."""
        order = self.random.permutation(len(matrix))
        rows = matrix[order]
        prepared = self.fitted[:-1].transform(rows) if len(self.fitted) > 1 else rows
        self.estimator.partial_fit(prepared, target_values[order], **self.parameters)

    def bytes_needed(self) -> int:
        """None."""
        return 0

    def result(self) -> Pipeline:
        """The Pipeline with what was learned of all batches."""
        return Pipeline([*self.fitted.steps[:-1], ("estimate", self.estimator)])


class BayesFit(PartialFit):
    """Naive Bayes: the rows of each class, and the counts or means and variances of its columns."""

    def __init__(self, fitted: Pipeline, classes: int, seed: int) -> None:
        """partial_fit() would smooth by the last batch alone; result() does it by all rows."""
        super().__init__(fitted, classes, seed)
        self.is_gaussian = isinstance(self.estimator, GaussianNB)
        sums = ("theta_", "var_") if self.is_gaussian else ("feature_count_",)
        self.names = ("class_count_", *sums)
        if self.is_gaussian:
            self.estimator.var_smoothing = 0.0

    def state(self) -> dict[str, np.ndarray]:
        """What was learned, by the names of scikit-learn's attributes; empty without rows."""
        learned = vars(self.estimator)
        return {name: learned[name] for name in self.names if name in learned}

    def merge(self, state: dict[str, np.ndarray]) -> None:
        """Add the rows of each class; means and variances as Chan, Golub and LeVeque (1982)."""
        own = self.state()
        if own and state:
            merged = {name: own[name] + state[name] for name in self.names}
            if self.is_gaussian:
                rows = np.maximum(merged["class_count_"], 1.0)[:, None]
                share = state["class_count_"][:, None] / rows
                distance = state["theta_"] - own["theta_"]
                merged["theta_"] = own["theta_"] + distance * share
                merged["var_"] = (
                    own["var_"] * (1 - share)
                    + state["var_"] * share
                    + distance**2 * share * (1 - share)
                )
            state = merged
        vars(self.estimator).update(state)

    def result(self) -> Pipeline:
        """The Pipeline with what was learned of all rows."""
        estimator, params = self.estimator, self.fitted[-1].get_params()
        estimator.classes_ = self.parameters["classes"]
        estimator.n_features_in_ = self.fitted[-1].n_features_in_
        if self.is_gaussian:
            shares = estimator.class_count_ / estimator.class_count_.sum()
            priors, distances = params["priors"], estimator.theta_ - shares @ estimator.theta_
            estimator.class_prior_ = shares if priors is None else np.asarray(priors)
            estimator.var_smoothing = params["var_smoothing"]
            variances = shares @ (estimator.var_ + distances**2)
            estimator.epsilon_ = estimator.var_smoothing * variances.max()
            estimator.var_ = estimator.var_ + estimator.epsilon_
        else:
            estimator._update_feature_log_prob(estimator._check_alpha())
            estimator._update_class_log_prior(class_prior=estimator.class_prior)
        return super().result()


class BinnedFit:
    """XGBoost on the bins of all rows, which are read from a temporary file."""

    method = STREAMING

    def __init__(self, fitted: Pipeline, classes: int) -> None:
        """The file has no name, so it ends with this object or with the session."""
        self.fitted = fitted
        self.columns = fitted[-1].n_features_in_
        self.classes = classes
        self.rows = 0
        folder = _TEMPORARY_FILES if _TEMPORARY_FILES.is_dir() else None
        self.file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed by result())

    def add(self, matrix: np.ndarray, target_values: np.ndarray) -> None:
        """Write some rows to the file in XGBoost's own precision."""
        prepared = _prepare(self.fitted, matrix)
        self.rows += len(prepared)
        np.column_stack([prepared, target_values]).astype(np.float32).tofile(self.file)

    def bytes_needed(self) -> int:
        """That of the bins and of XGBoost's sums."""
        return self.rows * (_BIN_BYTES * self.columns + _BINNED_ROW_BYTES)

    def result(self) -> Pipeline:
        """The Pipeline with the trees of all rows."""
        estimator = clone(self.fitted[-1])
        with self.file:
            estimator.fit_batches(self._batches, self.columns, self.classes)
        return Pipeline([*self.fitted.steps[:-1], ("estimate", estimator)])

    def _batches(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        width = self.columns + 1
        self.file.seek(0)
        while len(values := np.fromfile(self.file, np.float32, _BATCH_VALUES // width * width)):
            rows = values.reshape(-1, width)
            yield rows[:, :-1], rows[:, -1]


def _prepare(fitted: Pipeline, matrix: np.ndarray) -> np.ndarray:
    """The dense matrix that the estimator of a Pipeline learns from."""
    prepared: Any = fitted[:-1].transform(matrix) if len(fitted) > 1 else matrix
    return prepared.toarray() if issparse(prepared) else prepared


def _scaled_columns(fitted: Pipeline, columns: int) -> np.ndarray:
    """Which of the prepared columns a StandardScaler has scaled."""
    scaled = np.zeros(columns, bool)
    prepare = fitted[0]
    if isinstance(prepare, ColumnTransformer):
        for name, part, _ in prepare.transformers_:
            steps: Sequence[tuple[str, Any]] = getattr(part, "steps", ())
            if steps and isinstance(steps[-1][1], StandardScaler):
                scaled[prepare.output_indices_[name]] = True
    return scaled
