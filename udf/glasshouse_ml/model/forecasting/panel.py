"""Many series side by side, in a matrix whose last column is the last period of each."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Panel:
    """Series that are ready to be forecast.

    Attributes
    ----------
    names : list of str
    history : ndarray of shape (series, periods)
        Right-aligned: the last column is the last period of each series. NaN before its first.
    observed : ndarray of shape (series, periods)
        Whether a value was read; gaps that were filled are not.
    ends : ndarray of shape (series,)
        The number of the last period of each series, as its calendar counts.
    seasons : tuple of int
        Periods of each season, the shortest first; empty where there is none.
    ahead : ndarray of shape (series, periods + periods_ahead, columns)
        What is known of each period in advance: columns known ahead, calendar. NaN is missing.
    ahead_names : list of str
    targets : ndarray of shape (series, periods) or None
        The history with the wild values that `history` leaves out; None where both are equal.
    """

    names: list[str]
    history: np.ndarray
    observed: np.ndarray
    ends: np.ndarray
    seasons: tuple[int, ...]
    ahead: np.ndarray
    ahead_names: list[str] = field(default_factory=list)
    targets: np.ndarray | None = None

    @property
    def periods(self) -> int:
        """The periods of the longest series."""
        return self.history.shape[1]

    @property
    def periods_ahead(self) -> int:
        """The periods after the end of a series that its steps lie in."""
        return self.ahead.shape[1] - self.periods

    @property
    def season(self) -> int:
        """The season of the seasonal naive rule: the longest; 1 without any."""
        return self.seasons[-1] if self.seasons else 1

    @property
    def lengths(self) -> np.ndarray:
        """The periods of each series."""
        return np.isfinite(self.history).sum(axis=1)

    def take(self, rows: np.ndarray) -> "Panel":
        """Some of the series, given by a mask or by positions."""
        positions = np.flatnonzero(rows) if rows.dtype == bool else rows
        return Panel(
            [self.names[row] for row in positions],
            self.history[positions],
            self.observed[positions],
            self.ends[positions],
            self.seasons,
            self.ahead[positions],
            self.ahead_names,
            None if self.targets is None else self.targets[positions],
        )
