"""Parts of the rows by the values of a column, so that a score can be shown for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError, near_names
from glasshouse_ml.core.table import BOOLEAN, TIME, Table, Texts
from glasshouse_ml.measure.distributions import MISSING, OTHER
from glasshouse_ml.measure.residuals import as_time

# More values than this would make a list that nobody reads.
MOST_VALUES = 10
LONGEST_NAME = 200


@dataclass(frozen=True)
class Segments:
    """The segment of each row by one column: a position in the names."""

    places: np.ndarray
    names: Sequence[str]


def check(table: Table, columns: Sequence[str]) -> None:
    """Refuse columns that were not read, before anything is trained."""
    known = [*table.texts, *table.numbers]
    for name in columns:
        if name not in known:
            raise GlasshouseError(
                f"There is no column {name!r} to make segments of; options.segments names it.",
                near_names(name, known),
            )


def segments(table: Table, column: str, kind: str | None) -> Segments:
    """The most frequent texts by name, numbers in quartiles, NULL as a segment of its own."""
    if column in table.texts:
        places, names = _of_texts(table.texts[column])
    else:
        places, names = _of_numbers(table.numbers[column], kind)
    return Segments(
        np.where(places < 0, len(names), places),
        [f"{column} = {name}" for name in [*names, MISSING]],
    )


def _of_texts(texts: Texts) -> tuple[np.ndarray, list[str]]:
    counts = np.bincount(texts.codes[texts.codes >= 0], minlength=len(texts.levels))
    order = np.argsort(-counts, kind="stable")
    shown = order if len(order) <= MOST_VALUES + 1 else order[:MOST_VALUES]
    places = np.full(len(order) + 1, len(shown))
    places[shown] = np.arange(len(shown))
    places[-1] = -1
    names = [_short(texts.levels[position]) for position in shown]
    return places[texts.codes], names + [OTHER] * (len(shown) < len(order))


def _of_numbers(values: np.ndarray, kind: str | None) -> tuple[np.ndarray, list[str]]:
    known = values[~np.isnan(values)]
    distinct = np.unique(known)
    if len(distinct) <= MOST_VALUES:
        names = [_word(value, kind) for value in distinct]
        places = np.searchsorted(distinct, np.nan_to_num(values))
    else:
        # Edges are values that occur, so that a segment says from which to which it goes.
        quartiles = np.quantile(known, (0.25, 0.5, 0.75), method="inverted_cdf")
        edges = np.unique(np.append(quartiles, distinct[-1]))
        places = np.searchsorted(edges, np.nan_to_num(values), side="left")
        names = [
            f"{_word(distinct[np.searchsorted(distinct, low, side='right')], kind)} to "
            f"{_word(high, kind)}"
            for low, high in pairwise([-np.inf, *edges])
        ]
    return np.where(np.isnan(values), -1, places), names


def _short(text: str) -> str:
    """A text as a name: an index takes no megabytes, and two long ones are not to become one."""
    if len(text) <= LONGEST_NAME:
        return text
    return f"{text[:LONGEST_NAME]}… ({sha256(text.encode()).hexdigest()[:8]})"


def _word(value: float, kind: str | None) -> str:
    if kind == BOOLEAN:
        return "true" if value else "false"
    if kind == TIME:
        return (as_time(value) or f"{value:g}")[:10]
    return f"{value:g}"
