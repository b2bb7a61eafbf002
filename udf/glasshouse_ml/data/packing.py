"""A row as two values: one bytea with all its numbers and one text with all its texts.

However wide the row is, only two values then cross the border between Postgres and Python. A
dictionary per row with a Python object per column takes ten times as long.
"""

# The query is the caller's own and runs with the caller's rights; names and texts are quoted.
# ruff: noqa: S608

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from glasshouse_ml.core.table import BOOLEAN, TIME, Column

# The schema of the engine; registry/ makes it.
SCHEMA = "ml"
_SECONDS_A_DAY = 86_400
# Where the numbers of a one-dimensional array without NULLs begin, see registry/.
_FIRST_BYTE = 21


@dataclass(frozen=True)
class Packing:
    """Which columns are packed, and the marks between and instead of texts."""

    numbers: Sequence[Column]
    texts: Sequence[Column]
    separator: str
    missing: str
    raw: bool  # whether ml.rawbytes() can be used

    def select(self, query: str, quote: Callable[[str], str], text: Callable[[str], str]) -> str:
        """The SELECT that packs the rows of a query; quote names and texts."""
        outputs = []
        if self.numbers:
            values = [as_number(c, c.value(quote)) for c in self.numbers]
            array = ", ".join([f"coalesce({value}, 'NaN')" for value in values])
            array = f"array[{array}]"
            outputs.append(f"{raw_bytes(array) if self.raw else f'array_send({array})'} as numbers")
        if self.texts:
            values = [f"{c.value(quote)}::text" for c in self.texts]
            # One text alone, as a key often is, needs no array around it.
            joined = f"coalesce({values[0]}, {text(self.missing)})"
            if len(values) > 1:
                marks = f"{text(self.separator)}, {text(self.missing)}"
                joined = f"array_to_string(array[{', '.join(values)}], {marks})"
            outputs.append(f"{joined} as texts")
        return f"select {', '.join(outputs)} from ({query}\n) as rows"

    def weight(self, row: dict) -> int:
        """The size of a packed row, in bytes or letters."""
        return sum(map(len, row.values()))

    def unpack_numbers(self, rows: list[dict]) -> np.ndarray:
        """The numbers of some rows as a matrix."""
        width = len(self.numbers)
        if not width:
            return np.empty((len(rows), 0))
        content = b"".join([row["numbers"] for row in rows])
        if self.raw:
            return np.frombuffer(content, np.float64).reshape(len(rows), width)
        return unpack_sent(content, width)

    def unpack_texts(self, rows: list[dict]) -> list[list[str]]:
        """The texts of some rows, a list per column."""
        width = len(self.texts)
        if not width:
            return []
        values = self.separator.join([row["texts"] for row in rows]).split(self.separator)
        return [values[position::width] for position in range(width)]

    def pack_numbers(self, values: np.ndarray) -> bytes:
        """Numbers on their way back, for the SQL of raw_numbers()."""
        flat = np.ascontiguousarray(values, np.float64).ravel()
        return flat.tobytes() if self.raw else literal(flat)


def literal(values: np.ndarray) -> bytes:
    """The documented form of an array of numbers: its text."""
    return f"{{{','.join(map(repr, values.tolist()))}}}".encode()


def raw_bytes(array: str) -> str:
    """The call that takes the bytes of an array as they are."""
    return f"{SCHEMA}.rawbytes({array}, {_FIRST_BYTE})"


def as_number(column: Column, value: str) -> str:
    """The SQL that makes the number of a value of a column which the models see."""
    if column.kind == BOOLEAN:
        return f"{value}::int::float8"
    if column.kind == TIME:
        return f"date_part('epoch', {value}) / {_SECONDS_A_DAY}"
    return f"{value}::float8"


def unpack_sent(content: bytes, width: int) -> np.ndarray:
    """The documented format of array_send(): a head, then each number after its length."""
    row = np.dtype([("head", "V20"), ("items", [("length", ">i4"), ("value", ">f8")], (width,))])
    return np.frombuffer(content, row)["items"]["value"].astype(np.float64).reshape(-1, width)
