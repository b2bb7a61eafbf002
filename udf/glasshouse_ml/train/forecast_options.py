"""The options of ml.train that only a forecast has."""

from typing import Any

from glasshouse_ml.core.errors import GlasshouseError, near_names, shown
from glasshouse_ml.core.validation import is_number, is_whole_number
from glasshouse_ml.model.forecasting.calendar import FREQUENCIES, zone_of
from glasshouse_ml.model.forecasting.hierarchy import BOTTOM_UP, RECONCILIATIONS
from glasshouse_ml.model.forecasting.preparation import AUTO, GAPS

FORECAST_DEFAULTS: dict[str, Any] = {
    "time": None,
    "series": [],
    "horizon": None,
    "known_ahead": [],
    "level": 0.8,
    "frequency": None,
    "seasons": None,
    "gaps": AUTO,
    "time_zone": "UTC",
    "holidays": None,
    "hierarchy": [],
    "reconciliation": BOTTOM_UP,
}
MAX_HORIZON, MAX_SEASON = 10_000, 10_000
_EXAMPLE = 'Write for example {"time": "month", "series": ["shop"], "horizon": 12}.'


def check_forecast_options(options: dict[str, Any]) -> dict[str, Any]:
    """The same options, checked, with names of columns as lists."""
    if not isinstance(options["time"], str):
        raise GlasshouseError(
            f"options.time is {shown(options['time'])}, not the name of a column.", _EXAMPLE
        )
    if not is_whole_number(options["horizon"]) or not 1 <= options["horizon"] <= MAX_HORIZON:
        raise GlasshouseError(
            f"options.horizon is {shown(options['horizon'])}, not a number of steps from 1 to "
            f"{MAX_HORIZON}.",
            _EXAMPLE,
        )
    for name in ("series", "known_ahead", "hierarchy"):
        options[name] = column_names(options[name], name)
    _check_hierarchy(options)
    level = options["level"]
    if not is_number(level) or not 0.5 <= level <= 0.99:
        raise GlasshouseError(
            f"options.level is {shown(level)}.",
            "Give the share that the interval holds: 0.5 to 0.99.",
        )
    if options["frequency"] is not None and options["frequency"] not in FREQUENCIES:
        raise GlasshouseError(
            f"There is no frequency {shown(options['frequency'])}.",
            near_names(str(options["frequency"]), FREQUENCIES),
        )
    if options["gaps"] not in GAPS:
        raise GlasshouseError(
            f"options.gaps is {shown(options['gaps'])}.", f"Choose {' or '.join(GAPS)}."
        )
    _check_seasons(options["seasons"])
    if not isinstance(options["time_zone"], str):
        raise GlasshouseError(
            f"options.time_zone is {shown(options['time_zone'])}.",
            'Give a name such as "Europe/Vienna".',
        )
    zone_of(options["time_zone"])
    if options["holidays"] is not None and not isinstance(options["holidays"], str):
        raise GlasshouseError(
            f"options.holidays is {shown(options['holidays'])}.",
            'Give the code of a country, such as "AU".',
        )
    return options


def _check_hierarchy(options: dict[str, Any]) -> None:
    """The columns of a hierarchy, from the top down, are those that tell the series apart."""
    series, hierarchy = options["series"], options["hierarchy"]
    if hierarchy and series and set(series) != set(hierarchy):
        raise GlasshouseError(
            "options.series and options.hierarchy name different columns.",
            "Leave options.series out: those of the hierarchy tell the series apart.",
        )
    options["series"] = hierarchy or series
    if options["reconciliation"] not in RECONCILIATIONS:
        raise GlasshouseError(
            f"options.reconciliation is {shown(options['reconciliation'])}.",
            f"Choose {' or '.join(RECONCILIATIONS)}.",
        )


def _check_seasons(seasons: Any) -> None:
    if seasons is None:
        return
    is_list = isinstance(seasons, list) and len(seasons) <= 3
    if not is_list or not all(is_whole_number(s) and 2 <= s <= MAX_SEASON for s in seasons):
        raise GlasshouseError(
            f"options.seasons is {shown(seasons)}.",
            "Give up to three lengths of seasons in periods, for example [7]; [] for none.",
        )


def column_names(value: Any, option: str) -> list[str]:
    """Names of columns; a single one may stand without brackets."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise GlasshouseError(
            f"options.{option} is {shown(value)}.",
            f'Give the names of columns, for example {{"{option}": ["country"]}}.',
        )
    return list(dict.fromkeys(names))
