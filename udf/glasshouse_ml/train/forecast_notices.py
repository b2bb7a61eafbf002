"""What ml.train tells the caller about the series of a forecast."""

from glasshouse_ml.core.request import Request
from glasshouse_ml.data.database import Database
from glasshouse_ml.model.forecasting.evaluation import Origins
from glasshouse_ml.model.forecasting.preparation import RULES
from glasshouse_ml.train.forecast_data import ForecastData


def report(
    db: Database,
    request: Request,
    data: ForecastData,
    origins: Origins,
    reasons: list[str | None],
) -> None:
    """Tell the caller the frequency, the gaps, and which series a rule answers."""
    panel, calendar = data.panel, data.calendar
    seasons = " and ".join(map(str, panel.seasons)) or "none"
    closed = 7 - len(calendar.weekdays)
    db.notice(
        f"Frequency: {calendar.name} ({len(panel.names)} series of up to {panel.periods} periods; "
        f"seasons: {seasons})."
        + (f" {closed} days of the week have no rows and are left out." if closed else "")
    )
    if data.grid.filled.any():
        ways = {
            how: int(data.grid.filled[[f == how for f in data.grid.fill]].sum())
            for how in sorted(set(data.grid.fill))
        }
        parts = [
            f"{count} {'as 0' if how == 'zero' else 'by interpolation'}"
            for how, count in ways.items()
            if count
        ]
        db.notice(
            f"{int(data.grid.filled.sum())} periods without a row in "
            f"{int((data.grid.filled > 0).sum())} series were filled: {', '.join(parts)} "
            "(options.gaps)."
        )
    for reason in sorted({reason for reason in reasons if reason}):
        rows = [name for name, other in zip(panel.names, reasons, strict=True) if other == reason]
        examples = ", ".join(rows[:5]) + (", …" if len(rows) > 5 else "")
        db.notice(
            f"{len(rows)} series {'is' if len(rows) == 1 else 'are'} {reason}, and the rule "
            f"{RULES[reason]} answers for {'it' if len(rows) == 1 else 'them'}: {examples}."
        )
    if origins.horizon < request.options["horizon"]:
        db.notice(
            f"The series are short: {origins.horizon} of {request.options['horizon']} steps are "
            "measured, and the intervals of the others grow with the root of the step."
        )
