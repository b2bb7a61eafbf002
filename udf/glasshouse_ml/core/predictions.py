"""Answers of many rows at once, so that they can cross into Postgres as bytes.

A number at a time costs a Python object, its text and the reading of that text by Postgres: five
times what a whole batch costs as bytes.
"""

import json
from collections.abc import Iterator, Sequence

import numpy as np


class ProbabilityMatrix:
    """Numbers with names for each row; row by row they are JSON objects."""

    def __init__(self, names: Sequence[str], matrix: np.ndarray) -> None:
        """A column of the matrix for each name."""
        self.names = list(names)
        self.matrix = matrix

    def __iter__(self) -> Iterator[str]:
        """As texts for jsonb, written around the numbers: ten times faster than json.dumps."""
        pairs = [f"{json.dumps(name).replace('%', '%%')}: %r" for name in self.names]
        template = f"{{{', '.join(pairs)}}}"
        return map(template.__mod__, map(tuple, self.matrix.tolist()))


class NumericPredictions:
    """Numbers that are predictions as well: row by row they are their own text."""

    def __init__(self, numbers: list[float]) -> None:
        """The numbers in the order of the rows."""
        self.numbers = numbers

    def __iter__(self) -> Iterator[str]:
        """As Python writes them; Postgres writes them itself where it gets them as numbers."""
        return map(repr, self.numbers)
