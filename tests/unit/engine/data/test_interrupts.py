"""A fit is left when the database says so, and a limit of memory holds."""

import time

import numpy as np
import pytest
from glasshouse_ml.data.interrupts import PAUSE, interruptible
from sklearn.ensemble import RandomForestClassifier


class Cancelled(Exception):
    """What the database would raise."""


def cancel() -> None:
    raise Cancelled


def test_a_long_fit_is_left_in_the_middle() -> None:
    matrix = np.random.default_rng(0).random((200, 3))
    endless = RandomForestClassifier(n_estimators=1_000_000)
    with pytest.raises(Cancelled), interruptible(cancel):
        endless.fit(matrix, matrix[:, 0] > 0.5)


def test_a_cancel_that_someone_swallows_is_not_forgotten() -> None:
    def deaf() -> str:
        try:
            time.sleep(2 * PAUSE)
            return str(sum(range(3)))
        except Cancelled:
            return "on we go"

    with pytest.raises(Cancelled), interruptible(cancel):
        deaf()


def test_one_block_inside_another_leaves_the_outer_one_attentive() -> None:
    def work() -> str:
        with interruptible(lambda: None):
            time.sleep(2 * PAUSE)
        time.sleep(2 * PAUSE)
        return str(sum(range(3)))

    with pytest.raises(Cancelled), interruptible(cancel):
        work()


def test_nothing_is_asked_of_a_short_block() -> None:
    with interruptible(cancel):
        assert sorted([2, 1]) == [1, 2]
