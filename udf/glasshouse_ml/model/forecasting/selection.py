"""Which candidate forecasts which series: one for all, or for each its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# A choice for each series must be better by this share of the error, because it has more freedom.
_MARGIN = 0.02


@dataclass(frozen=True)
class Selection:
    """The chosen candidates.

    Attributes
    ----------
    best : str
        The candidate with the lowest mean error over all series.
    by_series : list of str
        The candidate of each series.
    is_per_series : bool
    scores : dict
        The mean error of each candidate over the cells that all candidates have.
    origin_scores : dict
        The same for each origin.
    """

    best: str
    by_series: list[str]
    is_per_series: bool
    scores: dict[str, float]
    origin_scores: dict[str, np.ndarray]


def candidate_scores(errors: dict[str, np.ndarray]) -> dict[str, float]:
    """The mean error of each candidate over series, on the cells that all candidates have."""
    return {name: _mean(values) for name, values in _common(errors).items()}


def select_candidates(
    errors: dict[str, np.ndarray], allowed: Sequence[str], fallback: str
) -> Selection:
    """Choose among the allowed by the errors of shape (origins, series) of each candidate.

    Whether a choice for each series pays is tried on the later half of the origins, after a choice
    on the earlier half. A series without an error gets `fallback` if the choice is per series.
    """
    common = _common(errors)
    names = [name for name in errors if name in allowed] or list(errors)
    stacked = np.stack([common[name] for name in names])
    scores = {name: _mean(values) for name, values in common.items()}
    finite = {name: scores[name] for name in names if np.isfinite(scores[name])}
    best = min(finite, key=lambda name: finite[name]) if finite else fallback
    is_per_series = stacked.shape[2] > 1 and stacked.shape[1] >= 4 and _pays(stacked)
    by_series = [best] * stacked.shape[2]
    if is_per_series:
        by_series = [
            names[choice] if choice >= 0 else fallback for choice in _choices(stacked).tolist()
        ]
    origin_scores = {
        name: np.array([_mean(row[None, :]) for row in values]) for name, values in common.items()
    }
    return Selection(best, by_series, is_per_series, scores, origin_scores)


def _common(errors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    stacked = np.stack(list(errors.values()))
    complete = np.isfinite(stacked).all(axis=0)
    return {name: np.where(complete, values, np.nan) for name, values in errors.items()}


def _mean(errors: np.ndarray) -> float:
    """The mean over series of the mean over origins; NaN without any error."""
    by_series = _column_means(errors)
    return float(np.nanmean(by_series)) if np.isfinite(by_series).any() else float("nan")


def _column_means(errors: np.ndarray) -> np.ndarray:
    counts = np.isfinite(errors).sum(axis=0)
    sums = np.nansum(errors, axis=0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _choices(stacked: np.ndarray) -> np.ndarray:
    """The position of the best candidate of each series; -1 without an error."""
    means = np.stack([_column_means(errors) for errors in stacked])
    chosen = np.argmin(np.where(np.isfinite(means), means, np.inf), axis=0)
    return np.where(np.isfinite(means).any(axis=0), chosen, -1)


def _pays(stacked: np.ndarray) -> bool:
    half = stacked.shape[1] // 2
    first_half, second_half = stacked[:, :half], stacked[:, half:]
    means = np.stack([_column_means(errors) for errors in second_half])
    overall = [_mean(errors) for errors in first_half]
    if not np.isfinite(overall).any():
        return False
    one = _finite_mean(means[int(np.nanargmin(overall))])
    choices = _choices(first_half)
    own = _finite_mean(means[np.maximum(choices, 0), np.arange(len(choices))][choices >= 0])
    return bool(own < one * (1 - _MARGIN))


def _finite_mean(values: np.ndarray) -> float:
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else float("nan")
