"""Parts of the rows by the values of a column, so that a score can be shown for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError, near_names
from glasshouse_ml.core.table import BOOLEAN, TIME, Table, TextColumn
from glasshouse_ml.measure.distributions import MISSING, OTHER
from glasshouse_ml.measure.residuals import iso_timestamp

# More values than this would make a list that nobody reads.
MAX_VALUES = 10
MAX_NAME_LENGTH = 200


@dataclass(frozen=True)
class Segments:
    """The segment of each row by one column: a position in the names."""

    codes: np.ndarray
    names: Sequence[str]


def check_segment_columns(table: Table, columns: Sequence[str]) -> None:
    """Refuse columns that were not read, before anything is trained."""
    present = [*table.texts, *table.numbers]
    for name in columns:
        if name not in present:
            raise GlasshouseError(
                f"There is no column {name!r} to make segments of; options.segments names it.",
                near_names(name, present),
            )


def segments_of(table: Table, column: str, kind: str | None) -> Segments:
    """The most frequent texts by name, numbers in quartiles, NULL as a segment of its own."""
    if column in table.texts:
        codes, names = _of_texts(table.texts[column])
    else:
        codes, names = _of_numbers(table.numbers[column], kind)
    return Segments(
        np.where(codes < 0, len(names), codes),
        [f"{column} = {name}" for name in [*names, MISSING]],
    )


def _of_texts(texts: TextColumn) -> tuple[np.ndarray, list[str]]:
    counts = np.bincount(texts.codes[texts.codes >= 0], minlength=len(texts.levels))
    order = np.argsort(-counts, kind="stable")
    top = order if len(order) <= MAX_VALUES + 1 else order[:MAX_VALUES]
    codes = np.full(len(order) + 1, len(top))
    codes[top] = np.arange(len(top))
    codes[-1] = -1
    names = [_shortened(texts.levels[position]) for position in top]
    return codes[texts.codes], names + [OTHER] * (len(top) < len(order))


def _of_numbers(values: np.ndarray, kind: str | None) -> tuple[np.ndarray, list[str]]:
    present = values[~np.isnan(values)]
    distinct = np.unique(present)
    if len(distinct) <= MAX_VALUES:
        names = [_format_value(value, kind) for value in distinct]
        codes = np.searchsorted(distinct, np.nan_to_num(values))
    else:
        # Edges are values that occur, so that a segment says from which to which it goes.
        quartiles = np.quantile(present, (0.25, 0.5, 0.75), method="inverted_cdf")
        edges = np.unique(np.append(quartiles, distinct[-1]))
        codes = np.searchsorted(edges, np.nan_to_num(values), side="left")
        names = [
            f"{_format_value(distinct[np.searchsorted(distinct, low, side='right')], kind)} to "
            f"{_format_value(high, kind)}"
            for low, high in pairwise([-np.inf, *edges])
        ]
    return np.where(np.isnan(values), -1, codes), names


def _shortened(text: str) -> str:
    """A text as a name: an index takes no megabytes, and two long ones are not to become one."""
    if len(text) <= MAX_NAME_LENGTH:
        return text
    return f"{text[:MAX_NAME_LENGTH]}… ({sha256(text.encode()).hexdigest()[:8]})"


def _format_value(value: float, kind: str | None) -> str:
    if kind == BOOLEAN:
        return "true" if value else "false"
    if kind == TIME:
        return (iso_timestamp(value) or f"{value:g}")[:10]
    return f"{value:g}"
