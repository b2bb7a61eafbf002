"""The rows of a training by part: the split, its folds, and the matrix of a part."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

Fold = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class ResamplingUnits:
    """The rows that the bootstrap draws together.

    Attributes
    ----------
    codes : ndarray of shape (rows,)
        The unit of each row, from 0 without gaps: a group, or a moment in the order of time.
    block_length : int
        How many consecutive units are drawn at a time; 1 for groups.
    """

    codes: np.ndarray
    block_length: int = 1

    @property
    def count(self) -> int:
        """The number of units."""
        return int(self.codes.max(initial=-1)) + 1

    @property
    def independent(self) -> float:
        """The number of units that say something of their own: blocks, where they are blocks."""
        return self.count / self.block_length

    def take(self, rows: np.ndarray) -> "ResamplingUnits":
        """The units of some rows, given by a mask or by positions."""
        units, codes = np.unique(self.codes[rows], return_inverse=True)
        return ResamplingUnits(codes, min(self.block_length, len(units)))


@dataclass(frozen=True)
class Split:
    """Row numbers of both parts, the folds as positions inside the training part, and facts.

    folds_within() makes as many folds of the same kind of some rows of the training part, given and
    answered as positions. `times` holds the moment of each row, in days or in the unit of a number:
    first those of the training part, then those of the test part.
    """

    train: np.ndarray
    test: np.ndarray
    folds: list[Fold]
    facts: dict[str, Any]
    folds_within: Callable[[np.ndarray, int], list[Fold]]
    times: np.ndarray | None = None  # None: the rows are not split by time
    test_units: ResamplingUnits | None = None  # None: every test row stands for itself

    @property
    def is_chronological(self) -> bool:
        """Whether folds go forward in time, so that the first rows are in none."""
        return self.times is not None


@dataclass(frozen=True)
class XY:
    """The rows of one part: a matrix, and the answer of each row."""

    matrix: np.ndarray
    actual: np.ndarray
    members: np.ndarray | None = None  # positions in the training part, where they are of it
    weights: np.ndarray | None = None  # of options.weight; None: each row counts once

    def take(self, rows: np.ndarray | slice) -> "XY":
        """Some of the rows; those of a slice are views."""
        of_rows = np.arange(len(self.actual)) if self.members is None else self.members
        members = of_rows[rows]
        weights = None if self.weights is None else self.weights[rows]
        return XY(self.matrix[rows], self.actual[rows], members, weights)


class Splitter(Protocol):
    """What a split asks of the rows it divides."""

    count: int

    def test_mask(self, share: float, seed: int) -> np.ndarray:
        """Marks the rows of a random test part."""

    def check_parts(self, train: np.ndarray, test: np.ndarray) -> None:
        """Refuse parts that nothing can be learned from or tested on."""

    def possible_folds(self, train: np.ndarray, folds: int, is_explicit: bool) -> int:
        """As many folds as asked for, or as the rows allow."""

    def fold_generator(self, folds: int, grouped: bool, seed: int) -> Any:
        """scikit-learn's way to make the folds."""

    def labels(self, part: np.ndarray) -> np.ndarray:
        """What scikit-learn keeps in balance."""

    def check_fold(self, fit: np.ndarray, validate: np.ndarray, number: int) -> None:
        """Refuse a fold, given as row numbers, that nothing can be learned from."""
