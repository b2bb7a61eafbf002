"""The term of one feature in a weighted sum: linear for a number, a value for each category."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class NumericTerm:
    """(value - centre) * slope + shift, and a constant for a missing value."""

    slope: float = 1.0
    centre: float = 0.0
    shift: float = 0.0
    missing: float = np.nan

    def filled(self, value: float) -> "NumericTerm":
        """The same term after missing values are filled in."""
        return replace(self, missing=value) if np.isnan(self.missing) else self

    def scaled(self, offset: float, factor: float) -> "NumericTerm":
        """(this - offset) * factor, in the order in which scikit-learn rounds."""
        missing = (self.missing - offset) * factor
        if self.slope == 1.0:
            return NumericTerm(factor, self.centre + offset - self.shift, 0.0, missing)
        return NumericTerm(
            self.slope * factor, self.centre, (self.shift - offset) * factor, missing
        )

    def plus(self, other: "NumericTerm") -> "NumericTerm":
        """The sum of two terms, around the centre of the one that is not constant."""
        if not self.slope:
            self, other = other, self
        shift = self.shift + other.shift + (self.centre - other.centre) * other.slope
        missing = self.missing + other.missing
        return NumericTerm(self.slope + other.slope, self.centre, shift, missing)

    def values(self, column: np.ndarray) -> np.ndarray:
        """The term for each value of a column of the matrix."""
        values = (column - self.centre) * self.slope + self.shift
        return np.where(np.isnan(column), self.missing, values)


@dataclass(frozen=True)
class CategoricalTerm:
    """A value for each category, one for NULL, and one for every other text."""

    numbers: Mapping[str, float]
    missing: float
    other: float

    def values(self, column: np.ndarray, codes: Mapping[str, float]) -> np.ndarray:
        """The term for each code of a column of the matrix."""
        values = np.where(np.isnan(column), self.missing, self.other)
        for category, value in self.numbers.items():
            values[column == codes[category]] = value
        return values


Term = NumericTerm | CategoricalTerm
