"""Rows in memory: numbers as float64, texts as codes into a sorted list of levels."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

NUMBER, BOOLEAN, TIME, CATEGORY = "number", "boolean", "time", "category"
# Free text: sentences, names, addresses. A column is read as CATEGORY; its training rows decide.
TEXT = "text"
# Several items in one cell, such as "red; green". A column is read as CATEGORY, as for TEXT.
LIST = "list"
ITEM_SEPARATOR = "; "
# PostgreSQL's names of the types whose values become numbers.
_NUMBERS = {"int2", "int4", "int8", "float4", "float8", "numeric"}
_TEXT_ARRAYS = {"_text", "_varchar", "_bpchar"}
_TIMES = {"date", "timestamp", "timestamptz", "time", "timetz", "interval"}
_KEY_NAME = re.compile(r"(^|[_ ])(id|key|nr|no|number|pk)$|[a-z](Id|ID|Key|Number)$", re.ASCII)


def is_key_name(name: str) -> bool:
    """Whether the name of a column says that it is a key."""
    return _KEY_NAME.search(name) is not None


@dataclass(frozen=True)
class Column:
    """One column of a query and how it can be used."""

    name: str
    type: str
    kind: str | None  # None: no feature can be made of this type
    array: bool = False  # of numbers: each position is a column, see data/row_reader.py
    of: str = ""  # the array it is a position of
    place: int = 0  # from 1; 0 where it is no position of an array
    length: int = 0  # of every array, where all are as long; 0 where they differ
    base_type: str = ""  # as pg_type names it, without domains
    category: str = ""  # of the type, as in pg_type
    is_text_array: bool = False  # read as one text: the items with ITEM_SEPARATOR between them
    is_json: bool = False  # read as the text of its value in JSON

    @classmethod
    def of_type(cls, name: str, type_name: str, base_type: str, category: str) -> "Column":
        """A column whose kind follows from the base type and its category, as in pg_type."""
        is_array = category == "A" and base_type.removeprefix("_") in _NUMBERS
        kind = None
        if base_type in _NUMBERS:
            kind = NUMBER
        elif base_type == "bool":
            kind = BOOLEAN
        elif base_type in _TIMES:
            kind = TIME
        elif category in ("S", "E") or base_type == "uuid":
            kind = CATEGORY
        if base_type in _TEXT_ARRAYS:
            return cls(
                name, type_name, CATEGORY, base_type="text", category="S", is_text_array=True
            )
        return cls(name, type_name, kind, is_array, base_type=base_type, category=category)

    def value(self, quote: Callable[[str], str]) -> str:
        """The SQL of its value in a row of `rows`."""
        if self.is_json:
            return f"to_jsonb(rows.{quote(self.name)})::text"
        if self.is_text_array:
            return f"array_to_string(rows.{quote(self.name)}, '{ITEM_SEPARATOR}')"
        return f"(rows.{quote(self.of)})[{self.place}]" if self.of else f"rows.{quote(self.name)}"

    def position(self, place: int, length: int = 0) -> "Column":
        """The column that a position of an array is."""
        return Column(
            f"{self.name}[{place}]",
            self.type.removesuffix("[]"),
            NUMBER,
            of=self.name,
            place=place,
            length=length,
        )

    def positions(self, count: int, length: int = 0) -> "list[Column]":
        """The columns that the positions of an array are."""
        return [self.position(place, length) for place in range(1, count + 1)]

    @property
    def numeric(self) -> bool:
        """True where the values travel as numbers."""
        return self.kind in (NUMBER, BOOLEAN, TIME)


@dataclass(frozen=True)
class TextColumn:
    """A text column: a code per row (-1 is NULL) and the sorted values the codes stand for."""

    codes: np.ndarray
    levels: list[str]

    def take(self, rows: np.ndarray) -> "TextColumn":
        """The same column for some of the rows."""
        return replace(self, codes=self.codes[rows])

    def without_unused_levels(self) -> "TextColumn":
        """The same texts with the levels that a row has."""
        used, codes = np.unique(self.codes, return_inverse=True)
        is_null = int((used[:1] < 0).any())  # NULL, whose code is -1, comes first
        return TextColumn(codes - is_null, [self.levels[code] for code in used[is_null:]])

    def value_counts(self, rows: np.ndarray) -> tuple[list[str], np.ndarray]:
        """The distinct texts of some rows in alphabetical order, and how many rows have each."""
        codes = self.codes[rows]
        counts = np.bincount(codes[codes >= 0], minlength=len(self.levels))
        present = np.flatnonzero(counts)
        return [self.levels[code] for code in present], counts[present]

    def values(self) -> list[str | None]:
        """The text of each row."""
        lookup = [*self.levels, None]
        return [lookup[code] for code in self.codes]


@dataclass(frozen=True)
class Table:
    """All rows of a query, by column name."""

    rows: int
    numbers: dict[str, np.ndarray] = field(default_factory=dict)  # NaN is NULL
    texts: dict[str, TextColumn] = field(default_factory=dict)

    def reorder(self, order: np.ndarray) -> None:
        """Put the rows into another order, column by column: never is all of it there twice."""
        for name, values in self.numbers.items():
            self.numbers[name] = values[order]
        for name, texts in self.texts.items():
            self.texts[name] = texts.take(order)

    def take(self, rows: np.ndarray) -> "Table":
        """Some of the rows, in the order given."""
        count = int(rows.sum()) if rows.dtype == bool else len(rows)
        return Table(
            count,
            {name: values[rows] for name, values in self.numbers.items()},
            {name: texts.take(rows) for name, texts in self.texts.items()},
        )

    def without_unused_levels(self) -> "Table":
        """The same rows, as if no others had been read."""
        texts = {name: column.without_unused_levels() for name, column in self.texts.items()}
        return replace(self, texts=texts)
