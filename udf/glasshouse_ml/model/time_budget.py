"""options.budget_s: ends candidates that are slow and worse, or that the time is over for."""

import time
from collections.abc import Sequence

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.metric import Metric
from glasshouse_ml.model.fitting import Candidate

_HINT = "Allow more time, or name fewer candidates."


class TimeBudget:
    """The seconds for the comparison of candidates.

    Nothing ends before one candidate has all its folds, so that there is always a model. A
    candidate never ends while the time suffices for all of its folds: an ample budget changes
    nothing.
    """

    def __init__(self, seconds: float | None, metric: Metric) -> None:
        """The time starts now; None never ends."""
        self.seconds = np.inf if seconds is None else seconds
        self.metric = metric
        self.start = time.perf_counter()
        self.leader: Candidate | None = None

    def add(self, candidate: Candidate) -> None:
        """Take a candidate that was validated in all folds, if it is the best one so far."""
        if candidate.is_baseline or candidate.share < 1 or candidate.error is not None:
            return
        gain = self.metric.gain
        if self.leader is None or gain(candidate.score) > gain(self.leader.score):
            self.leader = candidate

    def check_deadline(self) -> None:
        """End a candidate when the time is over."""
        if self.leader is not None and self._elapsed() > self.seconds:
            raise GlasshouseError(f"options.budget_s = {self.seconds:g} seconds are over.", _HINT)

    def check_fold(self, scores: Sequence[float], seconds: float, folds: int) -> None:
        """End a candidate after some of its folds, when it is slower and worse than the best one.

        Only where its other folds would take longer than the time that is left.
        """
        leader, done = self.leader, len(scores)
        if leader is None or done == folds:
            return
        expected = seconds / done * folds
        if self._elapsed() + expected - seconds <= self.seconds or expected <= leader.seconds:
            return
        gain = self.metric.gain
        score, best_score = float(np.mean(scores)), float(np.mean(leader.scores[:done]))
        if gain(score) < gain(best_score):
            raise GlasshouseError(
                f"Ended after {done} of {folds} folds by options.budget_s = {self.seconds:g}: "
                f"{self.metric.name} is {score:.4g}, that of {leader.algorithm} {best_score:.4g}, "
                f"which takes {leader.seconds / expected:.0%} of the time.",
                _HINT,
            )

    def _elapsed(self) -> float:
        return time.perf_counter() - self.start
