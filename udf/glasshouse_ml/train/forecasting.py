"""ml.train for a forecast: evaluate the candidates from rolling origins, refit, keep the future."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.records import json_number
from glasshouse_ml.core.request import Request
from glasshouse_ml.data.database import Database
from glasshouse_ml.measure.forecast_metrics import DEFAULT, ForecastScores
from glasshouse_ml.model.forecasting.candidates import (
    BASELINE,
    CANDIDATES,
    COMBINATION,
    GLOBAL,
    RULES_ONLY,
)
from glasshouse_ml.model.forecasting.conformal import Offsets, conformal_offsets
from glasshouse_ml.model.forecasting.evaluation import (
    CandidateResult,
    Origins,
    actual_values,
    choose_origins,
    combine,
    evaluate_candidates,
    require_forecasts,
    scales,
    scales_before,
    validation_errors,
)
from glasshouse_ml.model.forecasting.forecast_model import ForecastModel, chosen_forecasts
from glasshouse_ml.model.forecasting.global_model import GlobalModel
from glasshouse_ml.model.forecasting.hierarchy import (
    MAX_MINT,
    MINT,
    Hierarchy,
    with_mint_weights,
)
from glasshouse_ml.model.forecasting.outliers import fitting_panel
from glasshouse_ml.model.forecasting.panel import Panel
from glasshouse_ml.model.forecasting.preparation import RULES, diagnose
from glasshouse_ml.model.forecasting.selection import (
    Selection,
    candidate_scores,
    select_candidates,
)
from glasshouse_ml.train.forecast_data import ForecastData
from glasshouse_ml.train.forecast_notices import report
from glasshouse_ml.train.forecast_scores import origin_scores, target_bounds


@dataclass(frozen=True)
class ForecastResult:
    """The outcome of a training, before it is recorded.

    Attributes
    ----------
    reasons : list
        Why a rule answers for a series, or None.
    by_series : list of str
        The candidate of each series.
    test, baseline : ForecastScores
        The answer, and the seasonal naive rule, in the test steps.
    validation, validation_baseline : list of ForecastScores
        The same from each validation origin.
    model : ForecastModel
    """

    request: Request
    data: ForecastData
    origins: Origins
    reasons: list[str | None]
    results: list[CandidateResult]
    selection: Selection
    by_series: list[str]
    metric: str
    test: ForecastScores
    baseline: ForecastScores
    validation: list[ForecastScores]
    validation_baseline: list[ForecastScores]
    model: ForecastModel


def train_forecast(db: Database, request: Request, data: ForecastData) -> ForecastResult:
    """Choose a candidate for each series, measure the choice, and forecast from the end."""
    options, panel = request.options, data.panel
    horizon, level, seed = options["horizon"], options["level"], options["seed"]
    if data.hierarchy and options["reconciliation"] == MINT and len(panel.names) > MAX_MINT:
        raise GlasshouseError(
            f"The hierarchy has {len(panel.names)} series; MinT takes up to {MAX_MINT}.",
            'Choose {"reconciliation": "bottom_up"}.',
        )
    origins = choose_origins(panel, horizon)
    reasons = diagnose(data.grid, panel.season, origins.horizon, int(panel.ends.max()))
    report(db, request, data, origins, reasons)
    names = _candidate_names(request)
    rules = [RULES[reason] for reason in reasons if reason]
    evaluated = list(dict.fromkeys([*_members(names), BASELINE, *rules]))
    metric = request.metric or DEFAULT
    scale = scales(panel, origins.test)
    unit = _unit(panel, origins, metric, scale)
    results, fitting = _evaluate(panel, evaluated, origins, unit, metric, seed)
    candidates = [result for result in results if result.name in (*_members(names), BASELINE)]
    regular = np.array([reason is None for reason in reasons])
    unit = np.where(regular | ~regular.any(), unit, np.nan)
    errors = {
        result.name: validation_errors(panel, result, origins, unit, squared=metric == "rmse")
        for result in candidates
        if result.forecasts is not None
    }
    combined: list[str] = []
    if COMBINATION in names:
        median, combined = combine(candidates, candidate_scores(errors))
        if median is not None:
            errors[COMBINATION] = validation_errors(
                panel, median, origins, unit, squared=metric == "rmse"
            )
            results.append(median)
            candidates.append(median)
    selection = select_candidates(errors, names, BASELINE)
    by_series = [
        RULES[reason] if reason else selection.by_series[row] for row, reason in enumerate(reasons)
    ]
    choice = _Choice(
        request, data, fitting, origins, reasons, results, selection, by_series, metric, combined
    )
    return _finish(choice, scale, level, seed)


def _evaluate(
    panel: Panel, names: list[str], origins: Origins, unit: np.ndarray, metric: str, seed: int
) -> tuple[list[CandidateResult], Panel]:
    """The candidates in the order of their names, and the panel that they were fitted on.

    Whether wild values are replaced is decided without the global model, which learns from all
    series at once.
    """
    single = [name for name in names if name != GLOBAL]
    results = evaluate_candidates(panel, single, origins, seed) if single else []
    fitting = fitting_panel(panel, results, origins, unit, metric == "rmse", seed)
    if GLOBAL in names:
        results += evaluate_candidates(fitting, [GLOBAL], origins, seed)
    require_forecasts(results)
    return sorted(results, key=lambda result: names.index(result.name)), fitting


@dataclass(frozen=True)
class _Choice:
    """What was decided before the final fit."""

    request: Request
    data: ForecastData
    fitting: Panel  # without wild values where that pays
    origins: Origins
    reasons: list[str | None]
    results: list[CandidateResult]
    selection: Selection
    by_series: list[str]
    metric: str
    combined: list[str]


def _finish(choice: _Choice, scale: np.ndarray, level: float, seed: int) -> ForecastResult:
    panel, origins = choice.data.panel, choice.origins
    forecasts = {r.name: r.forecasts for r in choice.results if r.forecasts is not None}
    evaluated = np.stack(
        [forecasts[name][:, row] for row, name in enumerate(choice.by_series)], axis=1
    )
    members, _ = _fit(choice, origins.test, origins.horizon, seed)
    evaluated[-1] = chosen_forecasts(members, choice.by_series, choice.combined)
    truth = actual_values(panel, origins.all, origins.horizon, panel.periods)
    hierarchy = choice.data.hierarchy
    if hierarchy:
        if choice.request.options["reconciliation"] == MINT:
            hierarchy = with_mint_weights(hierarchy, (truth - evaluated)[:-1])
        evaluated = hierarchy.reconcile(evaluated)
    errors = truth - evaluated
    # A wild value would widen the intervals of a whole season of origins.
    fitting = choice.fitting
    origin_scales = scales_before(fitting, origins.all)
    past = (origins.validation, origin_scales[:-1], scales(fitting, origins.test))
    # The test part is measured with an interval that has not seen it.
    test_offsets = conformal_offsets(errors[:-1], level, origins.horizon, *past)
    offsets = conformal_offsets(
        errors,
        level,
        panel.periods_ahead,
        origins.all,
        origin_scales,
        scales(fitting, panel.periods),
    )
    test = origin_scores(panel, -1, evaluated, truth, test_offsets, scale, level, hierarchy)
    naive = conformal_offsets((truth - forecasts[BASELINE])[:-1], level, origins.horizon, *past)
    baseline = origin_scores(panel, -1, forecasts[BASELINE], truth, naive, scale, level)
    validation_truth = actual_values(panel, origins.all, origins.horizon, origins.test)
    places = range(len(origins.validation))
    return ForecastResult(
        request=choice.request,
        data=choice.data,
        origins=origins,
        reasons=choice.reasons,
        results=choice.results,
        selection=choice.selection,
        by_series=choice.by_series,
        metric=choice.metric,
        test=test,
        baseline=baseline,
        validation=[
            origin_scores(panel, place, evaluated, validation_truth, None, scale, level, hierarchy)
            for place in places
        ],
        validation_baseline=[
            origin_scores(panel, place, forecasts[BASELINE], validation_truth, None, scale, level)
            for place in places
        ],
        model=_final_model(choice, offsets, level, seed, hierarchy),
    )


def _fit(
    choice: _Choice, end: int, horizon: int, seed: int
) -> tuple[dict[str, np.ndarray], GlobalModel | None]:
    """The chosen candidates and the baseline, fitted before period `end`: their forecasts from it.

    The forecasts are of shape (series, horizon). Beside them the global model, if it is chosen.
    """
    used = dict.fromkeys(choice.by_series)
    if COMBINATION in used:
        used |= dict.fromkeys(choice.combined)
    members: dict[str, np.ndarray] = {}
    global_model = None
    for name in [*used, BASELINE]:
        if name in (COMBINATION, *members):
            continue
        # The baseline is the plain rule.
        panel = choice.data.panel if name == BASELINE else choice.fitting
        fitted = CANDIDATES[name](panel, end, horizon, seed)
        members[name] = fitted.forecasts(panel, np.array([end]), horizon)[0]
        global_model = fitted.global_model or global_model
    return members, global_model


def _final_model(
    choice: _Choice,
    offsets: Offsets,
    level: float,
    seed: int,
    hierarchy: Hierarchy | None,
) -> ForecastModel:
    """Fit what is used on the whole history, and forecast from its end."""
    data, panel = choice.data, choice.data.panel
    members, global_model = _fit(choice, panel.periods, panel.periods_ahead, seed)
    regressor = global_model.regressor if global_model and data.known_ahead else None
    is_non_negative, is_whole = target_bounds(panel.history)
    look_back = max(28, *(4 * season for season in panel.seasons), 16) + 1
    facts = {
        "names": panel.names,
        "by_series": choice.by_series,
        "combined": choice.combined,
        "calendar": data.calendar.facts(),
        "horizon": choice.request.options["horizon"],
        "seasons": list(panel.seasons),
        "level": level,
        "holidays": choice.request.options["holidays"],
        "time": choice.request.options["time"],
        "time_type": next(c.type for c in data.columns if c.name == choice.request.options["time"]),
        "scale": [json_number(value) for value in scales(panel, panel.periods)],
        "series": choice.request.options["series"],
        "known": [{"name": c.name, "type": c.type, "kind": c.kind} for c in data.known_ahead],
        "levels": data.levels,
        "needs_known": regressor is not None and not data.has_future,
        "is_non_negative": is_non_negative.tolist(),
        "is_whole": is_whole.tolist(),
    }
    needs_tail = regressor is not None
    model = ForecastModel(
        facts, members, offsets.lower, offsets.upper, members[BASELINE], panel.ends
    )
    if hierarchy:
        model = replace(model, membership=hierarchy.membership, weights=hierarchy.weights)
    if not needs_tail:
        return model
    return replace(
        model,
        tail=choice.fitting.history[:, -look_back:],
        future_values=panel.ahead[:, panel.periods :, : len(data.known_ahead)].astype(float),
        regressor=regressor,
    )


def _unit(panel: Any, origins: Origins, metric: str, scale: np.ndarray) -> np.ndarray:
    """What an absolute error of each series is divided by, so that candidates can be compared."""
    if metric == "mase":
        return scale
    if metric == "wape":
        past = np.where(panel.observed, panel.history, np.nan)[:, : origins.test]
        counts = np.maximum(np.isfinite(past).sum(axis=1), 1)
        # The mean over series of these errors is the error of all by the total of all.
        overall = np.nanmean(np.nansum(np.abs(past), axis=1) / counts)
        return np.full(len(panel.names), overall if overall > 0 else np.nan)
    return np.ones(len(panel.names))


def _members(names: list[str]) -> list[str]:
    """The candidates that are fitted; those of the median where it is asked for alone."""
    members = [name for name in names if name != COMBINATION]
    return members or [name for name in CANDIDATES if name not in RULES_ONLY]


def _candidate_names(request: Request) -> list[str]:
    if request.algorithms is None:
        return [name for name in (*CANDIDATES, COMBINATION) if name not in RULES_ONLY]
    return list(dict.fromkeys(entry["algorithm"] for entry in request.algorithms))
