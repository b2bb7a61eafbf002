"""Frequency, horizon and series of a new forecast, proposed from the times of its table."""

from dataclasses import dataclass

from scripts.add.choices import Choices, find_column
from scripts.add.facts import NUMBERS, TIMES, ColumnFacts, SourceTable
from scripts.errors import UserError

FORECAST = "forecast"
_HOUR, _DAY = 3_600, 86_400
# The share of the steps between the rows of a series that must be equal, or a multiple.
_REGULAR = 0.9


@dataclass(frozen=True)
class Frequency:
    """A length of periods: `shortest` is the least step in seconds between rows that have it."""

    unit: str
    adverb: str
    shortest: int
    horizon: int


FREQUENCIES = {
    frequency.unit: frequency
    for frequency in (
        Frequency("year", "yearly", 360 * _DAY, 3),
        Frequency("quarter", "quarterly", 85 * _DAY, 4),
        Frequency("month", "monthly", 27 * _DAY, 12),
        Frequency("week", "weekly", 7 * _DAY, 13),
        Frequency("day", "daily", _DAY, 28),
        Frequency("hour", "hourly", _HOUR, 48),
    )
}


@dataclass(frozen=True)
class ForecastPlan:
    """What a forecast has beside the decisions of every model.

    `is_regular`: whether the rows are periods already, so that their steps tell the frequency.
    """

    time: ColumnFacts
    series: list[ColumnFacts]
    frequency: Frequency
    is_regular: bool
    horizon: int


def choose_frequency(
    steps: dict[float, int], has_repeated_times: bool, choice: str, reasons: dict[str, str]
) -> tuple[Frequency, bool]:
    """The frequency of rows whose steps, in seconds, are counted in `steps`, and if it is regular.

    `has_repeated_times`: whether a series has several rows of one time, which are no periods then.
    """
    if choice:
        if choice not in FREQUENCIES:
            raise UserError(
                f"FREQUENCY={choice}: there is no such frequency",
                f"use one of {', '.join(FREQUENCIES)}",
            )
        reasons["frequency"] = f"{choice}: you named it in FREQUENCY"
        return FREQUENCIES[choice], False
    usual = max(steps, key=lambda step: (steps[step], -step), default=0.0)
    for frequency in FREQUENCIES.values():
        # A change of the clock shortens a step by an hour.
        shortest = frequency.shortest - (_HOUR if frequency.shortest >= _DAY else 0)
        if usual < shortest:
            continue
        if has_repeated_times:
            break
        if sum(n for step, n in steps.items() if step >= shortest) < _REGULAR * sum(steps.values()):
            break
        reasons["frequency"] = (
            f"{frequency.unit}: the rows of a series are usually {_words(usual)} apart"
        )
        return frequency, True
    reasons["frequency"] = (
        "day: the times of a series repeat, are irregular or less than an hour apart, so the"
        " target is summed by day; FREQUENCY=week, for example, changes that"
    )
    return FREQUENCIES["day"], False


def choose_horizon(text: str, frequency: Frequency, reasons: dict[str, str]) -> int:
    """The number of periods to forecast."""
    if not text:
        reasons["horizon"] = (
            f"{frequency.horizon} {frequency.unit}s: the default; HORIZON=number changes it"
        )
        return frequency.horizon
    if not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise UserError(f"HORIZON={text}: not a number of periods", "give 1 to 10000")
    reasons["horizon"] = f"{text} {frequency.unit}s: you named it in HORIZON"
    return int(text)


def _words(seconds: float) -> str:
    units = (("day", _DAY), ("hour", _HOUR), ("minute", 60), ("second", 1))
    unit, length = next(each for each in units if seconds >= each[1] or each[1] == 1)
    number = f"{seconds / length:g}"
    return f"{number} {unit}" if number == "1" else f"{number} {unit}s"


def plan_forecast(
    table: SourceTable,
    choices: Choices,
    by_name: dict[str, ColumnFacts],
    target: str,
    reasons: dict[str, str],
) -> ForecastPlan:
    """Time, series, frequency and horizon of a forecast."""
    if choices.group:
        raise UserError("GROUP means nothing for a forecast", "leave it out")
    times = [column.name for column in by_name.values() if column.type in TIMES]
    name = find_column(choices.time, by_name, "TIME")
    if not name:
        raise UserError("A forecast needs the column of the time", f"TIME={(times or ['day'])[0]}")
    time = by_name[name]
    if time.type not in TIMES:
        raise UserError(
            f"TIME={choices.time}: the column is of type {time.type}, not a date or timestamp",
            f"use one of {', '.join(times)}" if times else "load it as a date: CONVERT=column:date",
        )
    if not target or by_name[target].type not in NUMBERS:
        raise UserError(
            f"A forecast predicts a number, and TARGET={target or ''} is none",
            "name a column of numbers in TARGET",
        )
    names = [find_column(series, by_name, "SERIES") for series in choices.series if series]
    if {time.name, target} & set(names) or time.name == target:
        raise UserError("TIME, TARGET and SERIES must be different columns", "name others")
    reasons["series"] = (
        f"{', '.join(names)}: you named it in SERIES"
        if names
        else "one: SERIES=column tells several apart"
    )
    steps, has_repeated_times = table.time_steps(time.name, names)
    frequency, is_regular = choose_frequency(steps, has_repeated_times, choices.frequency, reasons)
    horizon = choose_horizon(choices.horizon, frequency, reasons)
    series = [by_name[series] for series in names]
    return ForecastPlan(time, series, frequency, is_regular, horizon)
