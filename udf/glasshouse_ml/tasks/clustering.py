"""The task clustering: groups of similar rows; there is no target."""

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
from glasshouse_ml.model.prediction import in_batches
from glasshouse_ml.model.splitters import RandomSplitter

# A silhouette compares each pair of rows.
MAX_COMPARED = 10_000
# Enough rows to compare the candidates.
MAX_COMPARED_IN_A_FOLD = 2_000
CLUSTER_COUNTS = range(2, 11)
_QUANTILES = np.linspace(0, 1, 21)


@dataclass(frozen=True)
class ClusterScores:
    """Rows in the space in which they are compared, and the cluster of each."""

    points: np.ndarray
    labels: np.ndarray
    max_compared: int = MAX_COMPARED

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The metrics of a clustering."""
        return METRICS

    def take(self, rows: np.ndarray) -> "ClusterScores":
        """Some of the rows."""
        return replace(self, points=self.points[rows], labels=self.labels[rows])

    def proportions(self) -> dict[str, tuple[int, int]]:
        """No metric of a clustering is a proportion of rows."""
        return {}

    @cached_property
    def compared(self) -> np.ndarray:
        """The rows that are compared: all, or a sample that is always the same."""
        count = len(self.labels)
        if count <= self.max_compared:
            return np.arange(count)
        return np.sort(np.random.default_rng(0).choice(count, self.max_compared, replace=False))

    @property
    def actual(self) -> np.ndarray:
        """The clusters of the compared rows."""
        return self.labels[self.compared]

    @cached_property
    def silhouettes(self) -> np.ndarray:
        """How much nearer each row is to its own cluster than to the next: from -1 to 1."""
        if not 1 < len(np.unique(self.actual)) < len(self.actual):
            # A single cluster, or a cluster for each row, has no silhouette.
            return np.zeros(len(self.actual))
        return silhouette_samples(self.points[self.compared], self.actual)

    @property
    def measurable(self) -> bool:
        """Whether the clusters can be compared with one another."""
        return 1 < len(np.unique(self.labels)) < len(self.labels)


@dataclass(frozen=True)
class _ClusterLabels:
    """The clusters of rows before and after a feature was permuted."""

    actual: np.ndarray
    predicted: np.ndarray


def _silhouette(rows: ClusterScores, weights: np.ndarray) -> np.ndarray:
    return weights @ rows.silhouettes / weights.sum(axis=1)


def _unchanged_share(rows: _ClusterLabels, weights: np.ndarray) -> np.ndarray:
    return weights @ (rows.actual == rows.predicted) / weights.sum(axis=1)


_ONE_CLUSTER: dict[str, Any] = {
    "undefined_where": "all rows are in one cluster, or each is in one of its own",
    "alternatives": "silhouette",
}
METRICS = {
    metric.name: metric
    for metric in (
        Metric("silhouette", _silhouette),
        Metric("davies_bouldin", davies_bouldin, higher_is_better=False, **_ONE_CLUSTER),
        Metric("calinski_harabasz", calinski_harabasz, **_ONE_CLUSTER),
    )
}
SAME_CLUSTER = Metric("same_cluster", _unchanged_share)


class Clustering(Task):
    """Groups similar rows."""

    name = "clustering"
    metrics = METRICS
    numeric_target = False
    needs_target = False
    takes_target = False
    uses_target_encoding = False
    is_explainable = False

    def encode_target(self, table: Table, column: str | None, options: dict[str, Any]) -> Target:
        """None; finalise_target() assigns the clusters."""
        return Target(np.zeros(table.rows, np.int64))

    def finalise_target(self, fitted: Pipeline, matrix: np.ndarray, target: Target) -> Target:
        """The cluster of each row."""
        names = [str(cluster) for cluster in range(_cluster_count(fitted))]
        return Target(in_batches(fitted.predict, matrix).astype(np.int64), names)

    def splitter(self, target: Target) -> RandomSplitter:
        """Random, without strata."""
        return RandomSplitter(len(target.values))

    def default_metric(self, target: Target) -> str:
        """Silhouettes are comparable between numbers of clusters."""
        return "silhouette"

    def shortlist(self, rows: int) -> list[AlgorithmEntry]:
        """k-means."""
        return [{"algorithm": "k_means", "params": {}}]

    def expand_candidates(self, entries: list[AlgorithmEntry], rows: int) -> list[AlgorithmEntry]:
        """A candidate for each number of clusters, where params do not give it."""
        records = []
        for entry in entries:
            params = entry["params"]
            name = "n_components" if entry["algorithm"] == "gaussian_mixture" else "n_clusters"
            # A fold holds at least half of the rows, and a cluster at least two.
            numbers = [n for n in CLUSTER_COUNTS if n == 2 or n <= rows // 4]
            for cluster_count in [params[name]] if name in params else numbers:
                records.append({**entry, "params": {**params, name: cluster_count}})
        return records

    def baseline_params(self, metric: Metric) -> None:
        """None: rows without clusters have no metric."""
        return

    def score(
        self, fitted: Pipeline, matrix: np.ndarray, actual: np.ndarray, target: Target
    ) -> ClusterScores:
        """The cluster of each row, in the space in which the rows are compared."""
        points = fitted[:-1].transform(matrix)
        return ClusterScores(points, fitted[-1].predict(points))

    def score_fold(
        self, fitted: Pipeline, matrix: np.ndarray, actual: np.ndarray, target: Target
    ) -> ClusterScores:
        """As score(), with fewer rows compared, because there are many candidates and folds."""
        return replace(
            self.score(fitted, matrix, actual, target), max_compared=MAX_COMPARED_IN_A_FOLD
        )

    def permutation_score(
        self, fitted: Pipeline, matrix: np.ndarray, actual: np.ndarray, target: Target, metric: Any
    ) -> tuple[Metric, Callable[[np.ndarray], Any]]:
        """The share of rows that stay in their cluster when a feature is permuted."""
        labels_before = in_batches(fitted.predict, matrix)
        return SAME_CLUSTER, lambda rows: _ClusterLabels(
            labels_before, in_batches(fitted.predict, rows)
        )

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
        """The quantiles of the silhouettes of each cluster."""
        records = []
        for cluster, name in enumerate(target.names):
            values = rows.silhouettes[rows.actual == cluster]
            if not len(values):
                continue
            for position, quantile in enumerate(_QUANTILES, start=1):
                records.append(
                    {
                        "curve": "silhouette",
                        "series": name,
                        "position": position,
                        "x": float(quantile),
                        "y": json_number(np.quantile(values, quantile)),
                        "n": len(values),
                    }
                )
        return records

    def predict(self, model: Model, matrix: np.ndarray) -> Predictions:
        """The cluster, and its probability or else the distance to its centre."""
        points, estimator = model.pipeline[:-1].transform(matrix), model.pipeline[-1]
        if hasattr(estimator, "predict_proba"):
            probabilities = estimator.predict_proba(points)
            labels = probabilities.argmax(axis=1)
            names = list(model.classes)
            return (
                map(str, labels),
                probabilities.max(axis=1).tolist(),
                ProbabilityMatrix(names, probabilities),
            )
        labels = estimator.predict(points)
        distances = np.sqrt(((points - estimator.cluster_centers_[labels]) ** 2).sum(axis=1))
        return map(str, labels.tolist()), distances.tolist(), [None] * len(labels)


def _cluster_count(fitted: Pipeline) -> int:
    estimator = fitted[-1]
    centers = getattr(estimator, "cluster_centers_", None)
    return len(estimator.means_ if centers is None else centers)
