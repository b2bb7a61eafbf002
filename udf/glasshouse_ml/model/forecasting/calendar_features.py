"""What the calendar says of each period: parts of the date, and public holidays."""

import re
from datetime import date
from typing import Any

import numpy as np
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.model.forecasting.calendar import DAY, HOUR, MINUTE, MONTH, WEEK, Calendar

_DAY_SECONDS = 86_400
# How the names of the features of holidays begin.
HOLIDAY = "holiday"
_COUNTRY = re.compile(r"[A-Z]{2,3}")


def calendar_features(
    calendar: Calendar, numbers: np.ndarray, country: str | None
) -> tuple[np.ndarray, list[str]]:
    """A row for each period, given by its number, and the names of the columns."""
    clock = calendar.times(numbers)
    days = clock // _DAY_SECONDS
    date_days = days.astype("datetime64[D]")
    month_start = date_days.astype("datetime64[M]")
    year_start = date_days.astype("datetime64[Y]").astype("datetime64[D]")
    day_of_year = (date_days - year_start).astype(np.int64)
    columns: dict[str, np.ndarray] = {}
    if calendar.unit in (MINUTE, HOUR):
        columns["hour"] = clock % _DAY_SECONDS / 3_600
    if calendar.unit in (MINUTE, HOUR, DAY):
        columns["weekday"] = (days + 3) % 7
        columns["day_of_month"] = (date_days - month_start.astype("datetime64[D]")).astype(int) + 1
    if calendar.unit in (MINUTE, HOUR, DAY, WEEK):
        columns["day_of_year"] = day_of_year
    if calendar.unit == MONTH:
        columns["month"] = month_start.astype(np.int64) % 12 + 1
    if country is not None:
        columns |= _holiday_columns(calendar, days, country)
    matrix = np.column_stack([values.astype(float) for values in columns.values()])
    return matrix, list(columns)


def _holiday_columns(calendar: Calendar, days: np.ndarray, country: str) -> dict[str, np.ndarray]:
    """Holidays in each period; with days or parts of them also of the day before and after."""
    first, last = int(days.min()) - 40, int(days.max()) + 400
    years = range(_date(first).year, _date(last).year + 1)
    is_holiday = np.zeros(last - first + 1)
    for day in national_holidays(country, years):
        place = (day - date(1970, 1, 1)).days - first
        if 0 <= place < len(is_holiday):
            is_holiday[place] = 1
    at = days - first
    if calendar.unit in (MINUTE, HOUR, DAY):
        return {
            HOLIDAY: is_holiday[at],
            f"{HOLIDAY}_before": is_holiday[at - 1],
            f"{HOLIDAY}_after": is_holiday[at + 1],
        }
    width = 7 if calendar.unit == WEEK else 30
    total = np.concatenate([[0], np.cumsum(is_holiday)])
    return {f"{HOLIDAY}s": total[at + width * calendar.count] - total[at]}


def national_holidays(country: str, years: Any) -> dict[date, str]:
    """The names of the public holidays of a country, or of a part such as AT-9, in some years."""
    # The package is slow to import, and most sessions need no holidays.
    import holidays

    name, _, part = country.partition("-")
    error = GlasshouseError(
        f"options.holidays is {country!r}, which is no country whose holidays are available.",
        'Give its code of two letters, such as "AU", or with a part of it "AU-NSW".',
    )
    # The package looks the name up among its own attributes, of which not all are countries.
    if not _COUNTRY.fullmatch(name):
        raise error
    try:
        return dict(holidays.country_holidays(name, subdiv=part or None, years=years))
    # The package raises this for a country or a part that it does not have.
    except NotImplementedError:
        raise error from None


def holiday_names(calendar: Calendar, numbers: np.ndarray, country: str | None) -> list[str | None]:
    """The public holiday of each period; None without a country, or where periods are longer."""
    if country is None or not (
        calendar.unit in (MINUTE, HOUR) or (calendar.unit, calendar.count) == (DAY, 1)
    ):
        return [None] * len(numbers)
    days = (calendar.times(numbers) // _DAY_SECONDS).tolist()
    years = range(_date(min(days)).year, _date(max(days)).year + 1)
    names = national_holidays(country, years)
    by_day = {day: names.get(_date(day)) for day in set(days)}
    return [by_day[day] for day in days]


def _date(days: int) -> date:
    return date.fromordinal(date(1970, 1, 1).toordinal() + days)
