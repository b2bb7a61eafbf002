"""Series that add up: totals of the series at the bottom, and forecasts that add up too.

A forecast of each total for itself is not the sum of the forecasts below it. Reconciliation makes
them add up. Bottom-up sums the forecasts of the bottom. MinT combines those of all levels by the
covariance of their errors: Wickramasuriya, Athanasopoulos and Hyndman, "Optimal forecast
reconciliation for hierarchical and grouped time series through trace minimization" (2019).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.model.forecasting.preparation import ZERO, Grid

BOTTOM_UP, MINT = "bottom_up", "mint"
RECONCILIATIONS = (BOTTOM_UP, MINT)
# The covariance of so many series is a matrix of 32 MB.
MAX_MINT = 2_000
# The least variance of the errors of a series, by the mean of all.
_MIN_VARIANCE = 1e-8


@dataclass(frozen=True)
class Hierarchy:
    """The totals of the series at the bottom; totals come first among all series.

    Attributes
    ----------
    names : list of str
        Those of the totals.
    membership : ndarray of shape (totals, bottom)
        1 where a series at the bottom belongs to a total, else 0.
    weights : ndarray of shape (bottom, totals + bottom)
        The share of each forecast in the reconciled ones of the bottom; empty for bottom-up.
    """

    names: list[str]
    membership: np.ndarray
    weights: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))

    def reconcile(self, forecasts: np.ndarray) -> np.ndarray:
        """Forecasts of shape (…, series, steps) that add up."""
        if self.weights.size:
            bottom = self.weights @ forecasts
        else:
            bottom = forecasts[..., len(self.names) :, :]
        return self.add_up(bottom)

    def add_up(self, bottom: np.ndarray) -> np.ndarray:
        """The same of all series, from values of the bottom, of shape (…, series, steps)."""
        return np.concatenate([self.membership @ bottom, bottom], axis=-2)

    def add_means(self, bottom: np.ndarray) -> np.ndarray:
        """The mean of the members beside the bottom, of shape (series, periods, columns)."""
        present = np.isfinite(bottom)
        sums = np.einsum("tb,bpc->tpc", self.membership, np.where(present, bottom, 0.0))
        counts = np.einsum("tb,bpc->tpc", self.membership, present.astype(float))
        means = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
        return np.concatenate([means, bottom]).astype(bottom.dtype)


def build_hierarchy(names: Sequence[str], depth: int, total: str, separator: str) -> Hierarchy:
    """The totals of each beginning of the `depth` parts in the name of a series at the bottom."""
    parts = [tuple(name.split(separator)) for name in names]
    longest = max(range(len(parts)), key=lambda row: len(parts[row]))
    if len(parts[longest]) > depth:
        raise GlasshouseError(
            f"A value of options.hierarchy in series {names[longest]!r} holds {separator!r}.",
            "Replace it in the query.",
        )
    beginnings = sorted({part[:length] for part in parts for length in range(1, len(part))})
    members = [[part[: len(begin)] == begin for part in parts] for begin in [(), *beginnings]]
    totals = [total, *(separator.join(begin) for begin in beginnings)]
    repeated = sorted(name for name in totals if [*totals, *names].count(name) > 1)
    if repeated:
        raise GlasshouseError(
            f"Two series of the hierarchy would have the name {repeated[0]!r}.",
            "Rename that value of options.hierarchy in the query.",
        )
    return Hierarchy(totals, np.array(members, float))


def add_totals(grid: Grid, names: Sequence[str], hierarchy: Hierarchy) -> Grid:
    """The grid with the totals before the series at the bottom, which must end together."""
    last = int(grid.ends.max())
    early = np.flatnonzero(grid.ends < last)
    if len(early):
        raise GlasshouseError(
            f"Series {names[early[0]]!r} ends {last - int(grid.ends[early[0]])} periods before "
            "others, so the steps of its forecast are not theirs.",
            "Give rows up to the same period, of 0 where there was nothing, or leave the series "
            "out.",
        )
    present = np.isfinite(grid.history)
    counts = hierarchy.membership @ present
    totals = hierarchy.membership @ np.where(present, grid.history, 0.0)
    unobserved = hierarchy.membership @ (present & ~grid.observed)
    count = len(hierarchy.names)
    return Grid(
        history=np.concatenate([np.where(counts > 0, totals, np.nan), grid.history]),
        observed=np.concatenate([(counts > 0) & (unobserved == 0), grid.observed]),
        ends=np.concatenate([np.full(count, last), grid.ends]),
        filled=np.concatenate([np.zeros(count, np.int64), grid.filled]),
        fill=[ZERO] * count + grid.fill,
    )


def with_mint_weights(hierarchy: Hierarchy, errors: np.ndarray) -> Hierarchy:
    """The hierarchy with the weights of MinT, from errors of shape (origins, series, steps).

    The covariance is shrunk towards its diagonal: Schäfer and Strimmer, "A shrinkage approach to
    large-scale covariance matrix estimation" (2005).
    """
    rows = np.moveaxis(errors, 1, 2).reshape(-1, errors.shape[1])
    rows = rows[np.isfinite(rows).all(axis=1)]
    if len(rows) < 3:
        return hierarchy
    variance = (rows**2).mean(axis=0)
    variance = np.maximum(variance, _MIN_VARIANCE * max(variance.mean(), 1e-300))
    scaled = rows / np.sqrt(variance)
    products = scaled.T @ scaled / len(rows)
    spread = ((scaled**2).T @ scaled**2 / len(rows) - products**2) / (len(rows) - 1)
    off_diagonal = ~np.eye(len(products), dtype=bool)
    total = float((products[off_diagonal] ** 2).sum())
    shrinkage = min(1.0, float(spread[off_diagonal].sum()) / total) if total > 0 else 1.0
    correlation = np.where(off_diagonal, (1 - shrinkage) * products, 1.0)
    deviation = np.sqrt(variance)
    covariance = correlation * deviation[:, None] * deviation
    summing = np.concatenate([hierarchy.membership, np.eye(hierarchy.membership.shape[1])])
    solved = np.linalg.solve(covariance, summing)
    return replace(hierarchy, weights=np.linalg.solve(summing.T @ solved, solved.T))
