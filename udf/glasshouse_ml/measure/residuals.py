"""A sample of what test rows had and what the model said, to look at row by row."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from glasshouse_ml.core.records import Records, json_number
from glasshouse_ml.measure.regression_metrics import RegressionScores

MAX_ROWS = 2_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def residual_rows(
    rows: RegressionScores,
    keys: Sequence[str | None] | None,
    segments: Sequence[str] | None,
    times: np.ndarray | None,
    seed: int,
) -> Records:
    """A registry row for each row of the sample, by time where there are moments (in days)."""
    count = len(rows.actual)
    sampled = np.arange(count)
    if count > MAX_ROWS:
        rng = np.random.default_rng(seed)
        sampled = np.sort(rng.choice(count, MAX_ROWS, replace=False))
    if times is not None:
        sampled = sampled[np.argsort(times[sampled], kind="stable")]
    return [
        {
            "position": position,
            "key": keys[row] if keys else None,
            "segment": segments[row] if segments else None,
            "at": None if times is None else iso_timestamp(times[row]),
            "actual": json_number(rows.actual[row]),
            "predicted": json_number(rows.predicted[row]),
        }
        for position, row in enumerate(sampled, start=1)
    ]


def iso_timestamp(days: float) -> str | None:
    """Days since 1970-01-01 as a timestamp; None beyond the calendar of Python."""
    try:
        return (_EPOCH + timedelta(days=float(days))).isoformat()
    except (OverflowError, ValueError):
        return None
