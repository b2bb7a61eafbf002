"""Rolling-origin evaluation: every candidate forecasts from the same origins.

The candidates are fitted once, on what precedes the first origin, and then only see more values.
The last origin is the test; the others choose.
"""

import math
import time
from dataclasses import dataclass

import numpy as np
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.model.forecasting.candidates import CANDIDATES, COMBINATION
from glasshouse_ml.model.forecasting.global_model import GlobalModel
from glasshouse_ml.model.forecasting.panel import Panel

MAX_ORIGINS = 24
# Forecasts of one candidate that are held at a time.
_MAX_FORECASTS = 2_000_000
# At most this share of the periods is the test part.
_MAX_TEST = 0.25
# The candidates whose median is one more.
COMBINED = 4


@dataclass(frozen=True)
class Origins:
    """When the forecasts of the evaluation begin.

    Attributes
    ----------
    validation : ndarray
        Origins, as numbers of periods before them, whose targets all precede the test part.
    test : int
    horizon : int
        Steps that are evaluated: the horizon, or fewer where the series are short.
    """

    validation: np.ndarray
    test: int
    horizon: int

    @property
    def all(self) -> np.ndarray:
        """Those of the validation and that of the test, which comes last."""
        return np.append(self.validation, self.test)

    @property
    def first(self) -> int:
        """The periods that the candidates are fitted on."""
        return int(self.validation[0])


@dataclass
class CandidateResult:
    """The forecasts of a candidate from each origin, or the reason why there are none."""

    name: str
    forecasts: np.ndarray | None = None
    error: str | None = None
    seconds: float = 0.0
    global_model: GlobalModel | None = None


def choose_origins(panel: Panel, horizon: int) -> Origins:
    """Up to 24 origins before the test part, spread over two horizons or seasons."""
    periods = panel.periods
    steps = max(1, min(horizon, int(periods * _MAX_TEST)))
    test = periods - steps
    least = min(max(2 * panel.season, 8), max(2, test // 2))
    last = max(test - steps, min(least, test - 1), 1)
    span = max(last - least, 0)
    count = max(1, min(MAX_ORIGINS, span + 1, _MAX_FORECASTS // (len(panel.names) * steps)))
    wide = math.ceil(2 * max(steps, panel.season) / count)
    stride = max(1, min(wide, span // max(count - 1, 1) or 1))
    while stride > 1 and math.gcd(stride, panel.season) > 1:
        stride -= 1
    return Origins(last - stride * np.arange(count)[::-1], test, steps)


def actual_values(panel: Panel, origins: np.ndarray, steps: int, end: int) -> np.ndarray:
    """The truth, of shape (origins, series, steps); NaN for what was not observed before `end`."""
    places = origins[:, None] + np.arange(steps)
    clipped = np.minimum(places, panel.periods - 1)
    values = np.where(panel.observed, panel.history, np.nan)[:, clipped]
    values[:, places >= end] = np.nan
    return np.moveaxis(values, 0, 1)


def scales(panel: Panel, end: int) -> np.ndarray:
    """The mean absolute error of the seasonal naive rule before `end`; NaN where it is 0."""
    season = min(panel.season, max(end - 1, 1))
    past = np.where(panel.observed, panel.history, np.nan)[:, :end]
    changes = np.abs(past[:, season:] - past[:, :-season])
    counts = np.isfinite(changes).sum(axis=1)
    mean = np.nansum(changes, axis=1) / np.maximum(counts, 1)
    return np.where(mean > 0, mean, np.nan)


def scales_before(panel: Panel, origins: np.ndarray) -> np.ndarray:
    """scales() before each origin, of shape (origins, series); NaN in the first season."""
    values = np.where(panel.observed, panel.history, np.nan)
    changes = np.abs(values[:, panel.season :] - values[:, : -panel.season])
    counts = np.cumsum(np.isfinite(changes), axis=1)
    sums = np.cumsum(np.nan_to_num(changes), axis=1)
    last = np.clip(origins - panel.season - 1, 0, None)
    means = sums[:, last] / np.maximum(counts[:, last], 1)
    return np.where((means > 0) & (origins > panel.season), means, np.nan).T


def evaluate_candidates(
    panel: Panel, names: list[str], origins: Origins, seed: int
) -> list[CandidateResult]:
    """Forecasts of each candidate from all origins; a candidate that fails is recorded."""
    results = []
    for name in names:
        check_interrupts()
        started = time.perf_counter()
        result = CandidateResult(name)
        try:
            fitted = CANDIDATES[name](panel, origins.first, origins.horizon, seed)
            result.global_model = fitted.global_model
            result.forecasts = fitted.forecasts(panel, origins.all, origins.horizon)
            if not np.isfinite(result.forecasts[-1]).any():
                result.forecasts, result.error = None, "It gives no finite forecast."
        except (ValueError, ArithmeticError, np.linalg.LinAlgError, IndexError) as error:
            check_interrupts()
            result.error = f"{type(error).__name__}: {error}"
        result.seconds = round(time.perf_counter() - started, 3)
        results.append(result)
    return results


def require_forecasts(results: list[CandidateResult]) -> None:
    """Refuse results in which every candidate has failed."""
    if all(result.forecasts is None for result in results):
        raise GlasshouseError(
            f"No candidate could be fitted; {results[0].name}: {results[0].error}",
            "Give longer series, or a shorter horizon.",
        )


def validation_errors(
    panel: Panel,
    result: CandidateResult,
    origins: Origins,
    unit: np.ndarray,
    squared: bool = False,
) -> np.ndarray:
    """The mean error of each validation origin and series, in units of the series.

    The shape is (origins, series); NaN where a series has no unit.
    """
    assert result.forecasts is not None
    truth = actual_values(panel, origins.validation, origins.horizon, origins.test)
    errors = np.abs(truth - result.forecasts[:-1]) / unit[:, None]
    if squared:
        errors = errors**2
    counts = np.isfinite(errors).sum(axis=2)
    return np.where(counts > 0, np.nansum(errors, axis=2) / np.maximum(counts, 1), np.nan)


def combine(
    results: list[CandidateResult], scores: dict[str, float]
) -> tuple[CandidateResult | None, list[str]]:
    """The median of the candidates with the best scores, and which these are.

    None with fewer than two candidates.
    """
    usable = [r for r in results if r.forecasts is not None and np.isfinite(scores[r.name])]
    best = sorted(usable, key=lambda result: scores[result.name])[:COMBINED]
    if len(best) < 2:
        return None, []
    started = time.perf_counter()
    stacked = np.stack([r.forecasts for r in best if r.forecasts is not None])
    seconds = round(time.perf_counter() - started, 3)
    median = CandidateResult(COMBINATION, np.median(stacked, axis=0), seconds=seconds)
    return median, [result.name for result in best]
