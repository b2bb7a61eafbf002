"""The weighted sums behind a linear model's answer, taken out of its fitted Pipeline."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

from glasshouse_ml.core.feature import UNSEEN, Feature
from glasshouse_ml.core.table import CATEGORY
from glasshouse_ml.use.sql_export.terms import Line, Listed, Term


class NotLinear(Exception):
    """The model is no weighted sum of what its features add one by one, or not visibly so."""


@dataclass(frozen=True)
class Sum:
    """A constant, and a term for each feature that counts, by the feature's position."""

    constant: float
    terms: dict[int, Term]

    def values(self, features: Sequence[Feature], matrix: np.ndarray) -> np.ndarray:
        """The sum for each row of a matrix of encoding.encode()."""
        total = np.full(len(matrix), self.constant)
        for position, term in self.terms.items():
            column = matrix[:, position]
            if isinstance(term, Listed):
                total += term.values(column, features[position].codes())
            else:
                total += term.values(column)
        return total


# A column of the prepared matrix made of a number: the feature's position and its line.
Prepared = tuple[int, Line]


def sums(pipeline: Pipeline, features: Sequence[Feature]) -> list[Sum]:
    """One for each row of the coefficients: one alone for numbers and for two classes."""
    estimator = pipeline.steps[-1][1]
    # RANSAC keeps the linear model of the rows that agree.
    estimator = getattr(estimator, "estimator_", estimator)
    try:
        weights = np.atleast_2d(np.asarray(estimator.coef_, float))
        starts = np.ravel(np.asarray(estimator.intercept_, float))
    except (AttributeError, TypeError, ValueError):
        raise NotLinear from None
    if len(starts) == 1:
        starts = np.repeat(starts, len(weights))
    if len(starts) != len(weights):
        raise NotLinear
    constants, terms = starts.copy(), [{} for _ in weights]
    for part, columns, place in _parts(pipeline, features):
        if place.stop > weights.shape[1]:
            raise NotLinear
        kinds = {features[column].kind == CATEGORY for column in columns}
        if kinds == {True}:
            _add_texts(part, columns, weights[:, place], features, constants, terms)
        elif kinds == {False}:
            _add_numbers(part, columns, weights[:, place], constants, terms)
        else:
            raise NotLinear
    return [Sum(float(start), found) for start, found in zip(constants, terms, strict=True)]


def _parts(pipeline: Pipeline, features: Sequence[Feature]) -> Iterator[tuple[Any, list, slice]]:
    """What prepares which columns, and where in the prepared matrix the result stands."""
    steps = [step for _, step in pipeline.steps[:-1]]
    if not steps:
        yield "passthrough", list(range(len(features))), slice(0, len(features))
    elif len(steps) == 1 and isinstance(steps[0], ColumnTransformer):
        places = steps[0].output_indices_
        for name, part, columns in steps[0].transformers_:
            if len(columns):
                yield part, list(columns), places[name]
    else:
        raise NotLinear


def _add_numbers(
    part: Any, columns: list[int], weights: np.ndarray, constants: np.ndarray, terms: list[dict]
) -> None:
    prepared = _through(part, [(column, Line()) for column in columns])
    if len(prepared) != weights.shape[1]:
        raise NotLinear
    for row, found in enumerate(terms):
        lines: dict[int, Line] = {}
        for (column, line), weight in zip(prepared, weights[row], strict=True):
            weighted = line.scaled(0.0, weight)
            lines[column] = lines[column].plus(weighted) if column in lines else weighted
        for column, line in lines.items():
            # What it always adds belongs to the constant of the sum.
            constants[row] += line.shift
            found[column] = Line(line.slope, line.centre, 0.0, line.missing - line.shift)


def _through(part: Any, columns: list[Prepared]) -> list[Prepared]:
    """The columns behind one step of the preprocessing."""
    if part == "passthrough":
        return columns
    if isinstance(part, Pipeline):
        for _, step in part.steps:
            columns = _through(step, columns)
        return columns
    if isinstance(part, SimpleImputer):
        return _filled(part, columns)
    offsets, factors = _scaling(part, len(columns))
    return [
        (feature, line.scaled(float(offset), float(factor)))
        for (feature, line), offset, factor in zip(columns, offsets, factors, strict=True)
    ]


def _filled(imputer: SimpleImputer, columns: list[Prepared]) -> list[Prepared]:
    values = np.asarray(imputer.statistics_, float)
    if len(values) != len(columns) or np.isnan(values).any():
        raise NotLinear
    filled = [
        (feature, line.filled(float(value)))
        for (feature, line), value in zip(columns, values, strict=True)
    ]
    if imputer.indicator_ is not None:
        was_missing = Line(0.0, 0.0, 0.0, 1.0)
        filled += [(columns[place][0], was_missing) for place in imputer.indicator_.features_]
    return filled


def _scaling(scaler: Any, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Offset and factor of each column: (value - offset) * factor."""
    nothing, once = np.zeros(width), np.ones(width)
    if isinstance(scaler, StandardScaler):
        return (
            nothing if scaler.mean_ is None or not scaler.with_mean else scaler.mean_,
            once if scaler.scale_ is None else 1.0 / scaler.scale_,
        )
    if isinstance(scaler, RobustScaler):
        return (
            scaler.center_ if scaler.with_centering else nothing,
            1.0 / scaler.scale_ if scaler.with_scaling else once,
        )
    if isinstance(scaler, MaxAbsScaler) and not getattr(scaler, "clip", False):
        return nothing, 1.0 / scaler.scale_
    if isinstance(scaler, MinMaxScaler) and not scaler.clip:
        return -scaler.min_ / scaler.scale_, scaler.scale_
    raise NotLinear


def _add_texts(
    part: Any,
    columns: list[int],
    weights: np.ndarray,
    features: Sequence[Feature],
    constants: np.ndarray,
    terms: list[dict],
) -> None:
    """Whatever prepares texts sees a few hundred codes at most: ask it for each of them.

    Each text is told apart from an unseen one, the other columns staying as they are. That what
    columns add does not hang on one another is for the caller to check.
    """
    base = np.full((1, len(columns)), UNSEEN)
    unseen = _prepared(part, base)
    if unseen.shape[1] != weights.shape[1]:
        raise NotLinear
    constants += weights @ unseen[0]
    for place, column in enumerate(columns):
        feature = features[column]
        codes = [*feature.codes().values(), np.nan, feature.other]
        probe = np.repeat(base, len(codes), axis=0)
        probe[:, place] = codes
        added = (_prepared(part, probe) - unseen) @ weights.T
        for row, found in enumerate(terms):
            *known, missing, other = added[:, row].tolist()
            listed = dict(zip(feature.categories, known, strict=True))
            found[column] = Listed(listed, missing, other)


def _prepared(part: Any, matrix: np.ndarray) -> np.ndarray:
    found = matrix if part == "passthrough" else part.transform(matrix)
    return np.asarray(found.toarray() if hasattr(found, "toarray") else found, float)
