"""Distances between two distributions over the same bins."""

import numpy as np

# An empty bin would make the stability index infinite; this share replaces zero.
MIN_SHARE = 1e-4


def stability_index(reference: np.ndarray, current: np.ndarray) -> float:
    """The population stability index of two distributions, given as shares."""
    reference, current = np.maximum(reference, MIN_SHARE), np.maximum(current, MIN_SHARE)
    return float(((current - reference) * np.log(current / reference)).sum())


def jensen_shannon(reference: np.ndarray, current: np.ndarray) -> float:
    """The Jensen–Shannon distance of two distributions: 0 when equal, 1 when disjoint."""
    middle = (reference + current) / 2
    divergence = 0.0
    for shares in (reference, current):
        positive = shares > 0
        divergence += (
            float((shares[positive] * np.log2(shares[positive] / middle[positive])).sum()) / 2
        )
    return float(np.sqrt(max(divergence, 0.0)))


def kolmogorov_smirnov(reference: np.ndarray, current: np.ndarray) -> float | None:
    """The largest distance between the two cumulative distributions at the edges of the bins."""
    if not reference.sum() or not current.sum():
        return None
    difference = np.cumsum(reference) / reference.sum() - np.cumsum(current) / current.sum()
    return float(np.abs(difference).max())
