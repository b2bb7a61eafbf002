"""Curves of predicted numbers: predicted against actual, and the distribution of the residuals."""

import numpy as np

from glasshouse_ml.core.records import Records, json_number

_GROUPS = 10
_BINS = 20
_QUANTILES = np.array([1, 5, 10, 25, 50, 75, 90, 95, 99]) / 100


def residual_curves(actual: np.ndarray, predicted: np.ndarray) -> Records:
    """Rows of ml.curves of at least one prediction; a residual is actual - predicted."""
    residuals = actual - predicted
    return [
        {"curve": curve, "series": "all", "position": position, **point}
        for curve, points in (
            ("predicted_actual", _predicted_actual(actual, predicted)),
            ("residual_distribution", _distribution(residuals)),
            ("residual_quantile", _quantiles(residuals)),
        )
        for position, point in enumerate(points, start=1)
    ]


def _predicted_actual(actual: np.ndarray, predicted: np.ndarray) -> Records:
    """The mean target in groups of equally many rows by the predicted number."""
    edges = np.unique(np.quantile(predicted, np.linspace(0, 1, _GROUPS + 1)[1:-1]))
    groups = np.searchsorted(edges, predicted, side="left")
    points = []
    for group in np.unique(groups):
        in_group = groups == group
        lower, upper = np.quantile(actual[in_group], (0.1, 0.9))
        points.append(
            {
                "x": json_number(predicted[in_group].mean()),
                "y": json_number(actual[in_group].mean()),
                "lower": json_number(lower),
                "upper": json_number(upper),
                "n": int(in_group.sum()),
            }
        )
    return points


def _distribution(residuals: np.ndarray) -> Records:
    """Bins of equal width over 99 % of the residuals; the outer bins hold the rest."""
    lower, upper = np.quantile(residuals, (0.005, 0.995))
    if lower == upper:
        return [{"x": json_number(lower), "y": 1.0, "n": len(residuals)}]
    edges = np.linspace(lower, upper, _BINS + 1)
    counts = np.bincount(np.searchsorted(edges[1:-1], residuals, side="right"), minlength=_BINS)
    return [
        {"x": json_number(edge), "y": json_number(n / len(residuals)), "n": int(n)}
        for edge, n in zip(edges[:-1], counts, strict=True)
    ]


def _quantiles(residuals: np.ndarray) -> Records:
    values = np.quantile(residuals, _QUANTILES)
    return [
        {"x": float(share), "y": json_number(value)}
        for share, value in zip(_QUANTILES, values, strict=True)
    ]
