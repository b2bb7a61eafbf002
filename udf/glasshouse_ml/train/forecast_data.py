"""Reads the training data of a forecast: series, times, target and the columns known ahead."""

from dataclasses import dataclass

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError, count_rows
from glasshouse_ml.core.request import Request
from glasshouse_ml.core.table import Column, Table, TextColumn
from glasshouse_ml.core.validation import MAX_ABSOLUTE_VALUE
from glasshouse_ml.data import memory
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.fingerprint import sort_rows
from glasshouse_ml.data.row_reader import Reader, read_columns
from glasshouse_ml.model.forecasting.calendar import Calendar, detect_calendar
from glasshouse_ml.model.forecasting.calendar_features import calendar_features
from glasshouse_ml.model.forecasting.hierarchy import Hierarchy, add_totals, build_hierarchy
from glasshouse_ml.model.forecasting.known_ahead import known_values
from glasshouse_ml.model.forecasting.panel import Panel
from glasshouse_ml.model.forecasting.preparation import Grid, build_grid, check_duplicates
from glasshouse_ml.train.forecast_roles import ForecastRoles

_DAY_SECONDS = 86_400
# Seconds since 1970: the years 2 to 8000, and the last year that Python has in every time zone.
_FIRST_TIME, _LAST_TIME, _LAST_STEP = -62_104_060_800, 190_288_396_800, 253_339_228_800
# The name of the series of a query without columns that tell series apart.
ALL = "all"
SEPARATOR = " / "
# A season needs so many times its length to be learned.
_MIN_SEASONS = 2.5


@dataclass(frozen=True)
class ForecastData:
    """What a forecast is trained on.

    Attributes
    ----------
    columns : list of Column
        Those that have a role.
    known_ahead : list of Column
        Those known ahead.
    levels : dict
        The texts behind the codes of each known column of texts.
    grid, panel : Grid, Panel
    hierarchy : Hierarchy or None
        The totals, which come first among the series.
    has_future : bool
        Whether the columns known ahead have a value in each step after the end of each series.
    without_target : int
        Rows whose target is NULL.
    """

    columns: list[Column]
    known_ahead: list[Column]
    levels: dict[str, list[str]]
    calendar: Calendar
    grid: Grid
    panel: Panel
    hierarchy: Hierarchy | None
    has_future: bool
    excluded: list[dict[str, str]]
    rows_read: int
    without_target: int
    fingerprint: str


def read_forecast_data(db: Database, request: Request) -> ForecastData:
    """Read the rows of a request."""
    options = request.options
    roles = ForecastRoles(request, read_columns(db, request.query))
    known_numbers = [column for column in roles.known_ahead if column.numeric]
    known_texts = [column for column in roles.known_ahead if not column.numeric]
    number_columns = [roles.time, roles.target, *known_numbers]
    reader = Reader(db, request.query, number_columns, [*roles.series, *known_texts])
    table = reader.table(memory.available_bytes(options["memory_mb"]))
    if not reader.rows_read:
        raise GlasshouseError("The query returns no row.", "Check its conditions.")
    if table.rows < reader.rows_read:
        raise GlasshouseError(
            f"options.memory_mb is {options['memory_mb']}, which has room for "
            f"{count_rows(table.rows)} of {reader.rows_read}; a forecast needs all.",
            "Allow more, or give fewer series.",
        )
    digest = sort_rows(table)
    times = table.numbers[roles.time.name] * _DAY_SECONDS
    _check_times(times, roles.time.name)
    target = table.numbers[roles.target.name]
    _check_target(target, roles.target.name)
    codes, names = _series(table, [column.name for column in roles.series])
    labelled = np.isfinite(target)
    times = np.round(times, 3)
    calendar = detect_calendar(
        times[labelled],
        codes[labelled],
        options["frequency"],
        options["time_zone"],
        roles.time.base_type == "timestamptz",
    )
    local = calendar.local(times)
    numbers = calendar.numbers(local)
    codes, names = _with_target(codes, names, labelled)
    rows = (codes >= 0) & calendar.includes(local)
    if calendar.is_instant and calendar.time_zone != "UTC":
        target, rows = _merge_repeated_hours(times, local, codes, target, rows)
    check_duplicates(
        codes[rows],
        numbers[rows],
        names,
        " and ".join(column.name for column in roles.series),
        f"{calendar.name} of {roles.time.name}",
        calendar.instants,
    )
    labelled = rows & np.isfinite(target)
    grid = build_grid(
        codes[labelled],
        numbers[labelled],
        target[labelled],
        len(names),
        options["gaps"],
        calendar.nonexistent(int(numbers[labelled].min()), int(numbers[labelled].max())),
    )
    if grid.history.shape[1] < 2:
        raise GlasshouseError(
            f"Every series has a single {calendar.name}, so nothing tells how they change.",
            "Give more rows.",
        )
    _check_last_step(calendar, int(grid.ends.max()) + options["horizon"], roles.time.name)
    is_step = calendar.is_step(grid.ends, options["horizon"])
    periods, periods_ahead = grid.history.shape[1], is_step.shape[1]
    levels = {column.name: table.texts[column.name].levels for column in known_texts}
    known_ahead = known_values(
        {c.name: _known_numbers(table, c) for c in roles.known_ahead},
        np.where(rows, codes, -1),
        numbers,
        grid.ends,
        periods,
        periods_ahead,
    )
    has_future = bool(np.isfinite(known_ahead[:, periods:][is_step]).all())
    hierarchy = None
    if options["hierarchy"]:
        hierarchy = build_hierarchy(names, len(options["hierarchy"]), ALL, SEPARATOR)
        grid, known_ahead = add_totals(grid, names, hierarchy), hierarchy.add_means(known_ahead)
        names = [*hierarchy.names, *names]
    ahead, ahead_names = _calendar_ahead(calendar, grid, periods_ahead, options["holidays"])
    ahead = np.concatenate([known_ahead, ahead], axis=2)
    seasons = options["seasons"]
    seasons = tuple(sorted(set(calendar.seasons if seasons is None else seasons)))
    seasons = tuple(s for s in seasons if _MIN_SEASONS * s <= periods)
    panel = Panel(
        names,
        grid.history,
        grid.observed,
        grid.ends,
        seasons,
        ahead,
        [*(column.name for column in roles.known_ahead), *ahead_names],
    )
    return ForecastData(
        columns=roles.all,
        known_ahead=roles.known_ahead,
        levels=levels,
        calendar=calendar,
        grid=grid,
        panel=panel,
        hierarchy=hierarchy,
        has_future=has_future,
        excluded=roles.excluded,
        rows_read=reader.rows_read,
        without_target=int((~np.isfinite(table.numbers[roles.target.name])).sum()),
        fingerprint=digest,
    )


def _check_times(times: np.ndarray, column: str) -> None:
    if not np.isfinite(times).all():
        raise GlasshouseError(
            f"Time column {column!r} holds NULL or infinity.",
            f"Leave those rows out: where isfinite({column}).",
        )
    if ((times < _FIRST_TIME) | (times > _LAST_TIME)).any():
        raise GlasshouseError(
            f"Time column {column!r} holds a time before the year 2 or after the year 8000.",
            "Correct those rows.",
        )


def _check_last_step(calendar: Calendar, last: int, column: str) -> None:
    if calendar.times(np.array([last]))[0] > _LAST_STEP:
        raise GlasshouseError(
            f"The last step of {column!r} lies after the year 9998.", "Give a smaller horizon."
        )


def _check_target(target: np.ndarray, column: str) -> None:
    if np.isnan(target).all():
        raise GlasshouseError(
            f"Target column {column!r} is NULL in every row.", "Give rows whose value is known."
        )
    if (np.abs(target[~np.isnan(target)]) > MAX_ABSOLUTE_VALUE).any():
        raise GlasshouseError(
            f"Target column {column!r} holds infinite or too large values "
            f"(beyond {MAX_ABSOLUTE_VALUE:g}).",
            "Leave those rows out, or limit them with least().",
        )


def _series(table: Table, columns: list[str]) -> tuple[np.ndarray, list[str]]:
    """The series of each row as a code, and the name of each."""
    if not columns:
        return np.zeros(table.rows, np.int64), [ALL]
    codes = np.zeros(table.rows, np.int64)
    for name in columns:
        texts: TextColumn = table.texts[name]
        if (texts.codes < 0).any():
            raise GlasshouseError(
                f"Series column {name!r} holds NULL.",
                f"Leave those rows out, or name them: coalesce({name}, 'other').",
            )
        codes = codes * len(texts.levels) + texts.codes
    _, first, codes = np.unique(codes, return_index=True, return_inverse=True)
    names = [
        SEPARATOR.join(table.texts[name].levels[table.texts[name].codes[row]] for name in columns)
        for row in first
    ]
    if len(set(names)) < len(names):
        raise GlasshouseError(
            f"Two series would have one name, because a value of options.series holds "
            f"{SEPARATOR!r}.",
            "Replace it in the query.",
        )
    return codes, names


def _with_target(
    codes: np.ndarray, names: list[str], labelled: np.ndarray
) -> tuple[np.ndarray, list[str]]:
    """The series that have a target; the rows of the others get the code -1."""
    present = np.unique(codes[labelled])
    place = np.full(len(names), -1)
    place[present] = np.arange(len(present))
    return place[codes], [names[code] for code in present]


def _merge_repeated_hours(
    times: np.ndarray,
    local: np.ndarray,
    codes: np.ndarray,
    target: np.ndarray,
    rows: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """The hour that a change of the clock repeats is one period: the mean of its two rows."""
    order = np.lexsort((times, local, codes))
    is_repeated = np.diff(codes[order]) == 0
    is_repeated &= (np.diff(local[order]) == 0) & (np.diff(times[order]) > 0)
    target, rows = target.copy(), rows.copy()
    for place in np.flatnonzero(is_repeated):
        first, second = order[place], order[place + 1]
        target[first] = np.nanmean([target[first], target[second]])
        rows[second] = False
    return target, rows


def _calendar_ahead(
    calendar: Calendar, grid: Grid, periods_ahead: int, country: str | None
) -> tuple[np.ndarray, list[str]]:
    """What the calendar says of each period of each series, of shape (series, periods, columns)."""
    periods = grid.history.shape[1]
    first, last = int(grid.ends.min()) - periods + 1, int(grid.ends.max()) + periods_ahead
    features, names = calendar_features(calendar, np.arange(first, last + 1), country)
    places = grid.ends[:, None] - (periods - 1) + np.arange(periods + periods_ahead) - first
    return features.astype(np.float32)[places], names


def _known_numbers(table: Table, column: Column) -> np.ndarray:
    if column.numeric:
        return table.numbers[column.name]
    codes = table.texts[column.name].codes
    return np.where(codes < 0, np.nan, codes.astype(float))
