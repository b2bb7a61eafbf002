"""The task clustering: which rows are alike? Nothing is predicted, so there is no target."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from sklearn.metrics import silhouette_samples
from sklearn.pipeline import Pipeline

from glasshouse_ml.core.metric import Metric
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.predictions import ProbabilityMatrix
from glasshouse_ml.core.records import Records, json_number
from glasshouse_ml.core.split import XY
from glasshouse_ml.core.table import Table
from glasshouse_ml.core.target import Target
from glasshouse_ml.core.task import AlgorithmEntry, Predictions, Task
from glasshouse_ml.explain.cluster_stability import stability_rows
from glasshouse_ml.measure.clustering_metrics import calinski_harabasz, davies_bouldin
from glasshouse_ml.model.splitters import RandomSplitter

# A silhouette compares each row with each other one.
MAX_COMPARED = 10_000
# Enough to tell the candidates apart, many times over.
MAX_COMPARED_IN_A_FOLD = 2_000
SEARCHED = range(2, 11)
_SHARES = np.linspace(0, 1, 21)


@dataclass(frozen=True)
class ClusterScores:
    """Rows in the space in which they were compared, and the cluster of each."""

    points: np.ndarray
    labels: np.ndarray
    most: int = MAX_COMPARED

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The measures of a clustering."""
        return METRICS

    def take(self, rows: np.ndarray) -> "ClusterScores":
        """Some of the rows."""
        return replace(self, points=self.points[rows], labels=self.labels[rows])

    def proportions(self) -> dict[str, tuple[int, int]]:
        """No measure of a clustering counts rows."""
        return {}

    @cached_property
    def compared(self) -> np.ndarray:
        """The rows that are compared: all, or a sample that is always the same."""
        count = len(self.labels)
        if count <= self.most:
            return np.arange(count)
        return np.sort(np.random.default_rng(0).choice(count, self.most, replace=False))

    @property
    def actual(self) -> np.ndarray:
        """The clusters of the compared rows."""
        return self.labels[self.compared]

    @cached_property
    def silhouettes(self) -> np.ndarray:
        """How much nearer each row is to its own cluster than to the next: from -1 to 1."""
        if not 1 < len(np.unique(self.actual)) < len(self.actual):
            # Rows of one cluster, or each in its own: nothing is told apart.
            return np.zeros(len(self.actual))
        return silhouette_samples(self.points[self.compared], self.actual)

    @property
    def measurable(self) -> bool:
        """Whether the clusters can be compared with one another."""
        return 1 < len(np.unique(self.labels)) < len(self.labels)


@dataclass(frozen=True)
class _Moved:
    """The clusters of rows before and after a feature was shuffled."""

    actual: np.ndarray
    predicted: np.ndarray


def _silhouette(rows: ClusterScores, weights: np.ndarray) -> np.ndarray:
    return weights @ rows.silhouettes / weights.sum(axis=1)


def _kept(rows: _Moved, weights: np.ndarray) -> np.ndarray:
    return weights @ (rows.actual == rows.predicted) / weights.sum(axis=1)


METRICS = {
    metric.name: metric
    for metric in (
        Metric("silhouette", _silhouette),
        Metric("davies_bouldin", davies_bouldin, higher_is_better=False),
        Metric("calinski_harabasz", calinski_harabasz),
    )
}
SAME_CLUSTER = Metric("same_cluster", _kept)


class Clustering(Task):
    """Which rows are alike?"""

    name = "clustering"
    metrics = METRICS
    numeric_target = False
    needs_target = False
    takes_target = False
    uses_target_encoding = False
    is_explainable = False

    def encode_target(self, table: Table, column: str | None, options: dict[str, Any]) -> Target:
        """None before the clusters are found."""
        return Target(np.zeros(table.rows, np.int64))

    def finalise_target(self, fitted: Pipeline, matrix: np.ndarray, target: Target) -> Target:
        """The cluster of each row."""
        names = [str(cluster) for cluster in range(_count(fitted))]
        return Target(fitted.predict(matrix).astype(np.int64), names)

    def splitter(self, target: Target) -> RandomSplitter:
        """By chance alone."""
        return RandomSplitter(len(target.values))

    def default_metric(self, target: Target) -> str:
        """Comparable from one number of clusters to another."""
        return "silhouette"

    def shortlist(self, rows: int) -> list[AlgorithmEntry]:
        """The best-known one."""
        return [{"algorithm": "k_means", "params": {}}]

    def expand_candidates(self, entries: list[AlgorithmEntry], rows: int) -> list[AlgorithmEntry]:
        """Where the number of clusters is not given, one candidate for each number."""
        found = []
        for entry in entries:
            params = entry["params"]
            name = "n_components" if entry["algorithm"] == "gaussian_mixture" else "n_clusters"
            # A fold holds at least half of the rows, and a cluster at least two.
            numbers = [n for n in SEARCHED if n == 2 or n <= rows // 4]
            for tried in [params[name]] if name in params else numbers:
                found.append({**entry, "params": {**params, name: tried}})
        return found

    def baseline_params(self, metric: Metric) -> None:
        """Rows that are not divided have no measure to compare with."""
        return

    def score(
        self, fitted: Pipeline, matrix: np.ndarray, actual: np.ndarray, target: Target
    ) -> ClusterScores:
        """The cluster of each row, in the space in which the rows were compared."""
        points = fitted[:-1].transform(matrix)
        return ClusterScores(points, fitted[-1].predict(points))

    def score_fold(
        self, fitted: Pipeline, matrix: np.ndarray, actual: np.ndarray, target: Target
    ) -> ClusterScores:
        """The same with fewer rows compared, because there are many candidates and folds."""
        return replace(self.score(fitted, matrix, actual, target), most=MAX_COMPARED_IN_A_FOLD)

    def permutation_score(
        self, fitted: Pipeline, matrix: np.ndarray, actual: np.ndarray, target: Target, metric: Any
    ) -> tuple[Metric, Callable[[np.ndarray], Any]]:
        """A feature counts as much as rows change their cluster when it is shuffled."""
        before = fitted.predict(matrix)
        return SAME_CLUSTER, lambda rows: _Moved(before, fitted.predict(rows))

    def extra_metrics(
        self,
        refit: Callable[[np.ndarray], Pipeline],
        fitted: Pipeline,
        training: XY,
        test: XY,
        seed: int,
    ) -> Records:
        """The stability of the clusters."""
        return stability_rows(refit, fitted, len(training.actual), test.matrix, seed)

    def curves(self, rows: ClusterScores, target: Target) -> Records:
        """The silhouettes of each cluster from the worst row to the best."""
        found = []
        for cluster, name in enumerate(target.names):
            values = rows.silhouettes[rows.actual == cluster]
            if not len(values):
                continue
            for position, share in enumerate(_SHARES, start=1):
                found.append(
                    {
                        "curve": "silhouette",
                        "series": name,
                        "position": position,
                        "x": float(share),
                        "y": json_number(np.quantile(values, share)),
                        "n": len(values),
                    }
                )
        return found

    def predict(self, model: Model, matrix: np.ndarray) -> Predictions:
        """The cluster, and its probability or else the distance to its centre."""
        points, estimator = model.pipeline[:-1].transform(matrix), model.pipeline[-1]
        if hasattr(estimator, "predict_proba"):
            shares = estimator.predict_proba(points)
            labels = shares.argmax(axis=1)
            names = list(model.classes)
            return map(str, labels), shares.max(axis=1).tolist(), ProbabilityMatrix(names, shares)
        labels = estimator.predict(points)
        away = np.sqrt(((points - estimator.cluster_centers_[labels]) ** 2).sum(axis=1))
        return map(str, labels.tolist()), away.tolist(), [None] * len(labels)


def _count(fitted: Pipeline) -> int:
    estimator = fitted[-1]
    centres = getattr(estimator, "cluster_centers_", None)
    return len(estimator.means_ if centres is None else centres)
