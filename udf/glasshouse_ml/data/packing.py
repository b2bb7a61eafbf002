"""A row as two values: a bytea with all its numbers and a text with all its texts.

So only two values a row pass from Postgres to Python, however many columns it has. A dictionary a
row with a Python object a column takes ten times as long.
"""

# The query is the caller's own and runs with the caller's rights; names and texts are quoted.
# ruff: noqa: S608

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from glasshouse_ml.core.table import BOOLEAN, TIME, Column
from glasshouse_ml.data.canonical_text import canonical_text
from glasshouse_ml.data.query_text import subquery

# The schema of the engine; registry/ makes it.
SCHEMA = "ml"
_SECONDS_A_DAY = 86_400
# The offset of the numbers in a one-dimensional array without NULLs, see registry/.
_FIRST_BYTE = 21


@dataclass(frozen=True)
class Packing:
    """The packed columns, the separator between texts, and the text that stands for NULL."""

    numbers: Sequence[Column]
    texts: Sequence[Column]
    separator: str
    missing: str
    raw: bool  # whether ml.rawbytes() can be used
    changed_settings: Collection[str] = ()  # see canonical_text.py

    def select(self, query: str, quote: Callable[[str], str], text: Callable[[str], str]) -> str:
        """The SELECT that packs the rows of a query; quote() and text() quote names and values."""
        outputs = []
        if self.numbers:
            values = [as_number(c, c.value(quote)) for c in self.numbers]
            array = ", ".join([f"coalesce({value}, 'NaN')" for value in values])
            array = f"array[{array}]"
            outputs.append(f"{raw_bytes(array) if self.raw else f'array_send({array})'} as numbers")
        if self.texts:
            values = [
                canonical_text(c, c.value(quote), self.changed_settings, SCHEMA) for c in self.texts
            ]
            # A single text, such as a key, needs no array around it.
            joined = f"coalesce({values[0]}, {text(self.missing)})"
            if len(values) > 1:
                arguments = f"{text(self.separator)}, {text(self.missing)}"
                joined = f"array_to_string(array[{', '.join(values)}], {arguments})"
            outputs.append(f"{joined} as texts")
        return f"select {', '.join(outputs) or '1 as one'} from {self._source(query, quote)}"

    def _source(self, query: str, quote: Callable[[str], str]) -> str:
        """The FROM item `rows`, with whole arrays in memory: else each position unpacks its array.

        array_cat() with an empty array returns the array itself, unpacked.
        """
        columns = [*self.numbers, *self.texts]
        arrays = dict.fromkeys(column.of for column in columns if column.of)
        if not arrays:
            return subquery(query)
        names = dict.fromkeys(column.name for column in columns if not column.of)
        values = [f"rows.{quote(name)}" for name in names]
        values += [f"array_cat(rows.{quote(name)}, '{{}}') as {quote(name)}" for name in arrays]
        # Without OFFSET PostgreSQL would compute array_cat() for each position.
        return f"(select {', '.join(values)} from {subquery(query)} offset 0) as rows"

    def packed_size(self, row: dict) -> int:
        """The size of a packed row, in bytes or letters."""
        return sum(len(row[name]) for name in ("numbers", "texts") if name in row)

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
        """Numbers on their way back, as ml.numbers() takes them."""
        flat = np.ascontiguousarray(values, np.float64).ravel()
        return flat.tobytes() if self.raw else array_literal(flat)


def array_literal(values: np.ndarray) -> bytes:
    """An array of numbers as the text that Postgres documents."""
    return f"{{{','.join(map(repr, values.tolist()))}}}".encode()


def raw_bytes(array: str) -> str:
    """The SQL that returns the bytes of an array unchanged."""
    return f"{SCHEMA}.rawbytes({array}, {_FIRST_BYTE})"


def as_number(column: Column, value: str) -> str:
    """The SQL of the number that models get for a value of a column."""
    if column.kind == BOOLEAN:
        return f"{value}::int::float8"
    if column.base_type == "date":
        # date_part() refuses dates beyond the range of a timestamp.
        return f"extract(epoch from {value})::float8 / {_SECONDS_A_DAY}"
    if column.kind == TIME:
        return f"date_part('epoch', {value}) / {_SECONDS_A_DAY}"
    return f"{value}::float8"


def unpack_sent(content: bytes, width: int) -> np.ndarray:
    """Numbers in the format of array_send(): a header, then each number after its length."""
    row = np.dtype([("head", "V20"), ("items", [("length", ">i4"), ("value", ">f8")], (width,))])
    return np.frombuffer(content, row)["items"]["value"].astype(np.float64).reshape(-1, width)
