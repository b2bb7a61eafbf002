"""How far columns go together, pair by pair, for numbers and categories alike.

Two numbers: Pearson's r, and Spearman's rho over the ranks of each column. Two categories: Cramér's
V, chi² by its largest possible value (Cramér, Mathematical Methods of Statistics, 1946). A category
and a number: the correlation ratio eta, the root of the share of the number's variance that lies
between the categories. A pair is measured on the rows in which both are known.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from glasshouse_ml.core.records import Records, json_number
from glasshouse_ml.core.table import CATEGORY, Column, Table
from glasshouse_ml.measure.ranks import average_ranks

# More rows change the third digit, and ranks cost a sort.
MAX_ROWS = 20_000
# The rarer categories count as one: a table of mostly empty cells measures its own size.
MAX_CATEGORIES = 30


@dataclass(frozen=True)
class CorrelationColumn:
    """A column: numbers with NaN, or codes with -1 for NULL."""

    name: str
    values: np.ndarray
    is_category: bool


def correlation_columns(table: Table, columns: Sequence[Column]) -> list[CorrelationColumn]:
    """The columns of a table, as far as they can be compared."""
    return [
        CorrelationColumn(column.name, table.texts[column.name].codes, True)
        if column.kind == CATEGORY
        else CorrelationColumn(column.name, table.numbers[column.name], False)
        for column in columns
    ]


def correlation_rows(
    columns: Sequence[CorrelationColumn], seed: int, paired: int | None = None
) -> Records:
    """Registry rows for every pair: the first `paired` columns and, with each column, the last.

    Without `paired` all pairs are wanted. The earlier column of a pair is the feature.
    """
    if len(columns) < 2:
        return []
    rows = _sample(len(columns[0].values), seed)
    columns = [CorrelationColumn(c.name, c.values[rows], c.is_category) for c in columns]
    leading = range(len(columns) if paired is None else min(paired, len(columns)))
    pairs = {(i, j) for i in leading for j in leading if i < j}
    pairs |= {(i, len(columns) - 1) for i in range(len(columns) - 1)}
    measured_pairs = sorted(
        (min(i, j), max(i, j), method, value, n)
        for i, j, method, value, n in _measures(columns, {*leading, len(columns) - 1})
        if (min(i, j), max(i, j)) in pairs
    )
    return [
        {
            "feature": columns[i].name,
            "other": columns[j].name,
            "method": method,
            "value": json_number(value),
            "n": n,
        }
        for i, j, method, value, n in measured_pairs
    ]


def _sample(count: int, seed: int) -> np.ndarray:
    if count <= MAX_ROWS:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, MAX_ROWS, replace=False))


PairCorrelation = tuple[int, int, str, float, int]


def _measures(
    columns: Sequence[CorrelationColumn], partners: Collection[int]
) -> Iterator[PairCorrelation]:
    """The pairs of numbers of which one is among the partners, and all pairs with a category."""
    numbers = [i for i, column in enumerate(columns) if not column.is_category]
    categories = [i for i, column in enumerate(columns) if column.is_category]
    matrix = np.column_stack([columns[i].values for i in numbers] or [np.empty((0, 0))])
    codes = [_frequent_codes(columns[i].values) for i in categories]
    chosen = np.array([place for place, i in enumerate(numbers) if i in partners], int)
    if len(numbers) > 1:
        ranks = np.column_stack([_ranks_of_present(column) for column in matrix.T])
        for method, values in (("pearson", matrix), ("spearman", ranks)):
            coefficients, counts = _pearson(values, chosen)
            for b, place in enumerate(chosen):
                for a in range(len(numbers)):
                    # Of two partners the pair comes up twice.
                    if a < place or numbers[a] not in partners:
                        yield (
                            numbers[a],
                            numbers[place],
                            method,
                            coefficients[a, b],
                            int(counts[a, b]),
                        )
    if numbers:
        centred, present = _centred(matrix)
        for place, i in enumerate(categories):
            coefficients, counts = _correlation_ratios(codes[place], centred, present)
            for j, value, n in zip(numbers, coefficients, counts, strict=True):
                yield i, j, "correlation_ratio", value, int(n)
    for place, i in enumerate(categories):
        for other in range(place + 1, len(categories)):
            yield i, categories[other], "cramers_v", *_cramers_v(codes[place], codes[other])


def _pearson(matrix: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pearson's r of each column with each chosen one over their common rows, and their number.

    Shapes: (columns, chosen). Sums with the suffix _a are of the columns, those with _b are of the
    chosen columns, both over the rows that the pair has in common.
    """
    centred, mask = _centred(matrix)
    centred_b, mask_b = centred[:, chosen], mask[:, chosen]
    with np.errstate(invalid="ignore", divide="ignore"):
        if mask.all():
            # A pair has all rows in common, so its sums are those of its columns.
            counts = np.full((centred.shape[1], len(chosen)), float(len(matrix)))
            sums_a, squares_a = (part.sum(axis=0)[:, None] for part in (centred, centred**2))
            sums_b, squares_b = (part[chosen].T for part in (sums_a, squares_a))
        else:
            counts = mask.T @ mask_b
            sums_a, sums_b = centred.T @ mask_b, mask.T @ centred_b
            squares_a, squares_b = (centred**2).T @ mask_b, mask.T @ centred_b**2
        covariance = centred.T @ centred_b - sums_a * sums_b / counts
        variances = squares_a - sums_a**2 / counts, squares_b - sums_b**2 / counts
        # What is left of a constant column after rounding is no variance.
        variance_a, variance_b = (np.where(v > 1e-12 * counts, v, np.nan) for v in variances)
        return np.clip(covariance / np.sqrt(variance_a * variance_b), -1.0, 1.0), counts


def _ranks_of_present(values: np.ndarray) -> np.ndarray:
    """The ranks of the values that are no NaN."""
    ranks, present = np.full(len(values), np.nan), ~np.isnan(values)
    ranks[present] = average_ranks(values[present])
    return ranks


def _centred(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each column from -1 to 1 around its mean, 0 where it is NULL, and 1 where it is known.

    Without that, sums of squares of large numbers would lose their digits.
    """
    present = ~np.isnan(matrix)
    lowest = np.where(present, matrix, np.inf).min(axis=0, initial=np.inf)
    highest = np.where(present, matrix, -np.inf).max(axis=0, initial=-np.inf)
    # What does not vary is to be all zeros, and not the rounding error of its mean.
    varies = lowest < highest
    # Of what is infinite nothing can be said, and NaN says so.
    with np.errstate(invalid="ignore", over="ignore"):
        mean = np.where(present, matrix, 0.0).sum(axis=0) / np.maximum(present.sum(axis=0), 1)
        centred = np.where(present & varies, matrix - mean, 0.0)
    return centred / np.where(
        varies, np.abs(centred).max(axis=0, initial=0.0), 1.0
    ), present.astype(float)


def _frequent_codes(codes: np.ndarray) -> np.ndarray:
    """Codes by frequency, with one code for all but the most frequent; -1 stays NULL."""
    counts = np.bincount(codes[codes >= 0], minlength=1)
    new = np.full(len(counts) + 1, -1)
    new[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    new[:-1] = np.minimum(new[:-1], MAX_CATEGORIES)
    return new[codes]


def _correlation_ratios(
    codes: np.ndarray, centred: np.ndarray, present: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The correlation ratio of a category with every number, and on how many rows."""
    groups = (codes == np.arange(codes.max(initial=0) + 1)[:, None]).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        counts, sums = groups @ present, groups @ centred
        n = counts.sum(axis=0)
        centre = sums.sum(axis=0) ** 2 / n
        between = np.where(counts > 0, sums**2 / counts, 0.0).sum(axis=0) - centre
        total = (codes >= 0).astype(float) @ centred**2 - centre
        varies = (total > 1e-12 * n) & ((counts > 0).sum(axis=0) > 1)
        share = np.where(varies, between / total, np.nan)
        return np.sqrt(np.clip(share, 0.0, 1.0)), n


def _cramers_v(codes_a: np.ndarray, codes_b: np.ndarray) -> tuple[float, int]:
    # As scipy.stats.contingency.association, which takes ten times as long: there are many pairs.
    in_both = (codes_a >= 0) & (codes_b >= 0)
    width = int(codes_b.max(initial=0)) + 1
    height = int(codes_a.max(initial=0)) + 1
    cells = np.bincount(codes_a[in_both] * width + codes_b[in_both], minlength=height * width)
    table = cells.reshape(height, width).astype(float)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    n, min_categories = int(table.sum()), min(table.shape) - 1
    if min_categories < 1:
        return np.nan, n
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / n
    return float(np.sqrt(((table - expected) ** 2 / expected).sum() / n / min_categories)), n
