"""Parts of the rows by the values of a column, so that a score can be shown for each.

A segment is named `column = value`. A name stands for one segment only: a column or a value that
could be taken for another one, or for a segment of several values, is quoted as in JSON.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.table import BOOLEAN, CATEGORY, TIME, Table, TextColumn
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


def segments_of(table: Table, column: str, kind: str | None) -> Segments:
    """The most frequent texts by name, numbers in quartiles, NULL as a segment of its own."""
    if column in table.texts:
        codes, names = _of_texts(table.texts[column])
    else:
        codes, names = _of_numbers(table.numbers[column], kind)
    return Segments(
        np.where(codes < 0, len(names), codes),
        [segment_name(column, name) for name in [*names, MISSING]],
    )


def segment_name(column: str, value: str) -> str:
    """The name of a segment; `value` as quoted() gives it, or OTHER or MISSING."""
    is_ambiguous = " = " in column or column.startswith('"')
    return f"{json.dumps(column, ensure_ascii=False) if is_ambiguous else column} = {value}"


def group_name(feature: Feature, value: float) -> str:
    """The name of a group of options.group_by, whose column has this value in the matrix."""
    if feature.kind == CATEGORY:
        position = int(value)
        is_category = 0 <= position < len(feature.categories)
        return quoted(feature.categories[position]) if is_category else OTHER
    if feature.kind == BOOLEAN:
        return "true" if value else "false"
    text = f"{value + 0.0:.15g}"  # without a negative zero
    return text if float(text) == value else repr(value)


def quoted(value: str) -> str:
    """A value, in quotes where it could be taken for a segment of other or missing values."""
    is_ambiguous = value in (OTHER, MISSING) or value.startswith('"')
    return json.dumps(value, ensure_ascii=False) if is_ambiguous else value


def _of_texts(texts: TextColumn) -> tuple[np.ndarray, list[str]]:
    counts = np.bincount(texts.codes[texts.codes >= 0], minlength=len(texts.levels))
    order = np.argsort(-counts, kind="stable")
    top = order if len(order) <= MAX_VALUES + 1 else order[:MAX_VALUES]
    codes = np.full(len(order) + 1, len(top))
    codes[top] = np.arange(len(top))
    codes[-1] = -1
    names = [quoted(_shortened(texts.levels[position])) for position in top]
    return codes[texts.codes], names + [OTHER] * (len(top) < len(order))


def _of_numbers(values: np.ndarray, kind: str | None) -> tuple[np.ndarray, list[str]]:
    present = values[~np.isnan(values)]
    distinct = np.unique(present)
    if len(distinct) <= MAX_VALUES:
        names = _distinct_names(lambda write: [write(value) for value in distinct], kind)
        codes = np.searchsorted(distinct, np.nan_to_num(values))
    else:
        # Edges are values that occur, so that a segment says from which to which it goes.
        quartiles = np.quantile(present, (0.25, 0.5, 0.75), method="inverted_cdf")
        edges = np.unique(np.append(quartiles, distinct[-1]))
        codes = np.searchsorted(edges, np.nan_to_num(values), side="left")
        lowest = distinct[[np.searchsorted(distinct, e, "right") for e in [-np.inf, *edges[:-1]]]]
        names = _distinct_names(
            lambda write: [
                f"{write(low)} to {write(high)}" for low, high in zip(lowest, edges, strict=True)
            ],
            kind,
        )
    return np.where(np.isnan(values), -1, codes), names


def _shortened(text: str) -> str:
    """A text as a name: an index takes no megabytes, and two long ones are not to become one."""
    if len(text) <= MAX_NAME_LENGTH:
        return text
    return f"{text[:MAX_NAME_LENGTH]}… ({sha256(text.encode()).hexdigest()[:8]})"


def _distinct_names(
    names: Callable[[Callable[[float], str]], list[str]], kind: str | None
) -> list[str]:
    """The names in the shortest way of writing their numbers in which no two are equal."""
    if kind == BOOLEAN:
        return names(lambda value: "true" if value else "false")
    ways: list[Callable[[float], str]] = [lambda value: f"{value:g}", repr]
    if kind == TIME:
        ways = [
            lambda value: (iso_timestamp(value) or f"{value:g}")[:10],
            lambda value: iso_timestamp(value) or repr(value),
            repr,
        ]
    written: list[str] = []
    for way in ways:
        written = names(lambda value, way=way: way(float(value)))  # type: ignore[misc]
        if len(set(written)) == len(written):
            break
    return written
