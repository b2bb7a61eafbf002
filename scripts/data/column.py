"""What a load learns of a column from all its values: type, gaps, example, near misses."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from scripts.data.conversions import CONVERSIONS, Conversion
from scripts.data.types import TEXT, TYPES

# Words for a missing value in a column whose other values are numbers, dates or truth values.
MISSING_WORDS = frozenset(
    ("NA", "N/A", "n/a", "#N/A", "NULL", "null", "nan", "NaN", "None", "?", "-")
)
MOST_DISTINCT = 10_000
# A type is worth a hint where at most this share of the values does not fit it.
NEAR = 0.2
BLANKS = " \t"
LINE = "line {}".format
LAST_ZERO = re.compile(r"\.\d*0\n", re.ASCII).findall
# All of them that SHORT_NUMBERS matches. Numeric has no negative zero.
NEGATIVE_ZEROS = frozenset(("-0", "-0.0", "-0.00", "-0.000", "-0.0000"))
# Lines of short numbers, at most eleven digits before the point and four after it. PostgreSQL shows
# each as it is, except for zeros at the end of a double; only a double holds a negative zero.
SHORT_NUMBERS = re.compile(r"(?:-?(?:0|[1-9]\d{0,10})(?:\.\d{1,4})?\n)+", re.ASCII).fullmatch


@dataclass
class Candidate:
    """How well a type or conversion fits the values so far."""

    count: int = 0
    renotated: int = 0
    first_value: str = ""
    first_line: int = 0

    def reject(self, count: int, value: str, line: int) -> None:
        """Note values that do not fit."""
        if not self.count or line < self.first_line:
            self.first_value, self.first_line = value, line
        self.count += count


class Column:
    """A column of the file. `missing_words` stand for a missing value, as an empty one does."""

    def __init__(
        self,
        name: str,
        conversion: Conversion | None = None,
        missing_words: Iterable[str] = MISSING_WORDS,
    ) -> None:
        self.name = name
        self.conversion = conversion
        self.missing_words = frozenset(missing_words)
        self.rows = self.empty = 0
        self.missing: Counter[str] = Counter()
        self.example = ""
        self._distinct: set[str] = set()
        self._types = {kind: Candidate() for kind in TYPES}
        self._numbers_seen = False
        self._has_number_words = any(SHORT_NUMBERS(f"{word}\n") for word in self.missing_words)
        # Whether every value can be sent as it was read.
        self.is_bare = True
        self._conversions: dict[str, Candidate] | None = None
        self._waiting: list[tuple[str, int, int]] = []

    def observe(self, values: Sequence[str], lines: Sequence[int]) -> None:
        """Take in values and the line numbers of their rows."""
        self.rows += len(values)
        if "" in values:
            pairs = [pair for pair in zip(values, lines, strict=True) if pair[0]]
            self.empty += len(values) - len(pairs)
            if not pairs:
                return
            values, lines = zip(*pairs, strict=True)
        text = "\n".join(values) + "\n"
        if self._are_short_numbers(text, len(values)):
            self._observe_short_numbers(values, lines, text)
            return
        first_lines = _first_lines(values, lines)
        for value, count in Counter(values).items():
            if len(self._distinct) <= MOST_DISTINCT:
                self._distinct.add(value)
            bare = value.strip(BLANKS)
            self.is_bare = self.is_bare and bare == value and bare not in self.missing_words
            if bare in self.missing_words or not bare:
                self.missing[bare or " "] += count
                continue
            self.example = self.example or value
            self._test_types(value, bare, count, first_lines[value])
            self._test_conversions(bare, count, first_lines[value])

    def _are_short_numbers(self, text: str, count: int) -> bool:
        """Whether all values are short numbers, in a column that has only numbers so far."""
        if self.conversion or self._conversions is not None or self._has_number_words:
            return False
        if self._types["double precision"].count:
            return False
        return text.count("\n") == count and SHORT_NUMBERS(text) is not None

    def _observe_short_numbers(
        self, values: Sequence[str], lines: Sequence[int], text: str
    ) -> None:
        """Take in the values of a batch at once: one by one takes twenty times as long."""
        self.example = self.example or values[0]
        for kind, candidate in self._types.items():
            if kind == "double precision" or self._is_ruled_out(candidate):
                continue
            misfits: Sequence[int] = range(len(values))
            if kind == "bigint":
                misfits = [n for n, value in enumerate(values) if "." in value or value == "-0"]
            elif kind == "numeric":
                has_zeros = "-0" in text
                misfits = [n for n in misfits if values[n] in NEGATIVE_ZEROS] if has_zeros else []
            if misfits:
                candidate.reject(len(misfits), values[misfits[0]], lines[misfits[0]])
        self._types["double precision"].renotated += len(LAST_ZERO(text))
        self._numbers_seen = True
        if len(self._distinct) <= MOST_DISTINCT:
            self._distinct.update(values)
        if len(self._waiting) < MOST_DISTINCT:
            first_lines, counts = _first_lines(values, lines), Counter(values)
            for value in islice(counts, MOST_DISTINCT - len(self._waiting)):
                self._waiting.append((value, counts[value], first_lines[value]))

    @property
    def filled(self) -> int:
        """The number of values that are neither empty nor a word for a missing value."""
        return self.rows - self.empty - self.missing.total()

    @property
    def type(self) -> str:
        """The SQL type: the one that was asked for, or the first that holds every value."""
        if self.conversion:
            return self.conversion.type
        if not self.filled:
            return TEXT
        return next((kind for kind in TYPES if self.holds(kind)), TEXT)

    def holds(self, kind: str) -> bool:
        """Whether a column of an SQL type holds every value without loss."""
        if kind == TEXT:
            return True
        if self.conversion:
            return kind == self.conversion.type
        if not self.filled:
            return True
        if kind in ("double precision", "numeric") and not self._numbers_seen:
            return False  # a column of nothing but "inf" is no number
        candidate = self._types.get(kind)
        return candidate is not None and not candidate.count

    @property
    def distinct(self) -> str:
        """The number of different values, as text."""
        count = len(self._distinct)
        return f"more than {MOST_DISTINCT:,}" if count > MOST_DISTINCT else f"{count:,}"

    def stored(self, value: str, kind: str) -> str:
        """The text to send to a column of an SQL type; empty where the value is missing."""
        if self.conversion and self.conversion.type != TEXT:
            bare = value.strip(BLANKS)
            return "" if bare in self.missing_words else (self.conversion.convert(bare) or "")
        if kind == TEXT:
            return value
        bare = value.strip(BLANKS)
        return "" if bare in self.missing_words else bare

    def misfit(self) -> Candidate | None:
        """The first value that the requested conversion does not convert."""
        if not self.conversion or self.conversion.type == TEXT:
            return None
        candidate = (self._conversions or {}).get(self.conversion.name)
        return candidate if candidate and candidate.count else None

    def remarks(self, kind: str, place: Callable[[int], str] = LINE) -> list[str]:
        """What the load changed in notation, took for missing, or could convert on request.

        `place`: the words for the number of a row.
        """
        if self.conversion:
            return [f"{self.filled:,} values converted ({self.conversion.name})", *self._missing()]
        if kind != TEXT:
            changed = self._types[kind].renotated if kind in self._types else 0
            notes = [f"{changed:,} values written in another notation"] if changed else []
            return notes + self._missing()
        return self._hints(place)

    def _missing(self) -> list[str]:
        if not self.missing:
            return []
        words = ", ".join(f'"{word}"' for word in sorted(self.missing))
        return [f"{self.missing.total():,} missing: {words} (MISSING=none keeps the words)"]

    def _hints(self, place: Callable[[int], str]) -> list[str]:
        """Types and conversions that fit all but a few values of a text column."""
        if not self.filled or self.type != TEXT:
            return []
        kind, near = min(self._types.items(), key=lambda entry: entry[1].count)
        is_near = near.count < self.filled and near.count <= max(1, NEAR * self.filled)
        hints = [f"almost {kind}{self._misfits(near, place)}"] if is_near else []
        tested = self._conversions or {}
        fitting = [name for name, each in tested.items() if name != TEXT and not each.count]
        if not fitting and not is_near:
            fitting = [
                name
                for name, each in tested.items()
                if name != TEXT and each.count <= NEAR * self.filled
            ][:1]
        if fitting:
            first, *others = (f'CONVERT="{self.name}:{name}"' for name in fitting)
            other = f" (or {', '.join(others)})" if others else ""
            misfits = self._misfits(tested[fitting[0]], place)
            hints.append(f"{first} makes it {CONVERSIONS[fitting[0]].type}{other}{misfits}")
        return hints

    def _misfits(self, candidate: Candidate, place: Callable[[int], str]) -> str:
        if not candidate.count:
            return ""
        return (
            f": {candidate.count:,} of {self.filled:,} values do not fit, the first is"
            f' "{_short(candidate.first_value)}" in {place(candidate.first_line)}'
        )

    def _is_ruled_out(self, candidate: Candidate) -> bool:
        """Whether it is neither the type of this column nor nearly so."""
        return candidate.count > max(NEAR * self.rows, 50)

    def _test_types(self, value: str, bare: str, count: int, line: int) -> None:
        for kind, canonical in TYPES.items():
            candidate = self._types[kind]
            if self._is_ruled_out(candidate):
                continue
            shown = canonical(bare) if bare else None
            if shown is None:
                candidate.reject(count, value, line)
            elif shown != value:
                candidate.renotated += count
        self._numbers_seen = self._numbers_seen or any(map(str.isdigit, bare))

    def _test_conversions(self, bare: str, count: int, line: int) -> None:
        """Test conversions only once no type holds every value: most columns never need them."""
        if self._conversions is None:
            if not self.conversion and any(not each.count for each in self._types.values()):
                if len(self._waiting) < MOST_DISTINCT:
                    self._waiting.append((bare, count, line))
                return
            self._conversions = {name: Candidate() for name in CONVERSIONS}
            for waiting in self._waiting:
                self._test_conversion(*waiting)
            self._waiting = []
        self._test_conversion(bare, count, line)

    def _test_conversion(self, bare: str, count: int, line: int) -> None:
        candidates = self._conversions or {}
        for name, candidate in candidates.items():
            conversion = CONVERSIONS[name]
            if self.conversion is not conversion and candidate.count > max(NEAR * self.rows, 50):
                continue
            if conversion.convert(bare) is None:
                candidate.reject(count, bare, line)


def _first_lines(values: Sequence[str], lines: Sequence[int]) -> dict[str, int]:
    """The line in which each value stands first."""
    return dict(zip(reversed(values), reversed(lines), strict=True))


def _short(value: str) -> str:
    line = " ".join(value.split())
    return line if len(line) <= 40 else f"{line[:39]}…"
