"""The weighted sums of a linear model, extracted from its fitted Pipeline."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    RobustScaler,
    StandardScaler,
)

from glasshouse_ml.core.feature import UNSEEN, Feature
from glasshouse_ml.core.table import CATEGORY
from glasshouse_ml.data.calendar_parts import calendar_part
from glasshouse_ml.model.calendar_encoder import CalendarEncoder
from glasshouse_ml.use.sql_export.terms import CategoricalTerm, NumericTerm, Term


class NotLinear(Exception):
    """The model is no weighted sum of a term for each feature, or not verifiably so."""


# The position of a feature, and the calendar part of it that a term takes; "" for the value.
TermKey = tuple[int, str]


@dataclass(frozen=True)
class WeightedSum:
    """A constant and the terms of the features."""

    constant: float
    terms: dict[TermKey, Term]

    def values(self, features: Sequence[Feature], matrix: np.ndarray) -> np.ndarray:
        """The sum for each row of a matrix of encoding.encode()."""
        total = np.full(len(matrix), self.constant)
        for (position, part), term in self.terms.items():
            column = matrix[:, position]
            if part and isinstance(term, CategoricalTerm):
                codes = {name: float(name) for name in term.numbers}
                total += term.values(calendar_part(part, column), codes)
            elif isinstance(term, CategoricalTerm):
                total += term.values(column, features[position].codes())
            else:
                total += term.values(column)
        return total


# A column of the prepared matrix made of a number: the feature's position and its line.
PreparedNumber = tuple[int, NumericTerm]


def weighted_sums(pipeline: Pipeline, features: Sequence[Feature]) -> list[WeightedSum]:
    """A sum for each row of the coefficients; a single one for numbers and for two classes."""
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
    constants = starts.copy()
    terms: list[dict[TermKey, Term]] = [{} for _ in weights]
    for transformer, columns, output_slice in _transformers(pipeline, features):
        if output_slice.stop > weights.shape[1]:
            raise NotLinear
        if _is_calendar(transformer):
            _add_calendar_terms(transformer, columns[0], weights[:, output_slice], terms)
            continue
        are_categories = {features[column].kind == CATEGORY for column in columns}
        if are_categories == {True}:
            _add_categorical_terms(
                transformer, columns, weights[:, output_slice], features, constants, terms
            )
        elif are_categories == {False}:
            _add_numeric_terms(transformer, columns, weights[:, output_slice], constants, terms)
        else:
            raise NotLinear
    return [
        WeightedSum(float(start), feature_terms)
        for start, feature_terms in zip(constants, terms, strict=True)
    ]


def _transformers(
    pipeline: Pipeline, features: Sequence[Feature]
) -> Iterator[tuple[Any, list, slice]]:
    """Each transformer with its columns and the slice of its output in the prepared matrix."""
    steps = [step for _, step in pipeline.steps[:-1]]
    if not steps:
        yield "passthrough", list(range(len(features))), slice(0, len(features))
    elif len(steps) == 1 and isinstance(steps[0], ColumnTransformer):
        output_slices = steps[0].output_indices_
        for name, transformer, columns in steps[0].transformers_:
            if len(columns):
                yield transformer, list(columns), output_slices[name]
    else:
        raise NotLinear


def _is_calendar(transformer: Any) -> bool:
    """Whether a transformer makes a 0/1 column for each value of the parts of a date."""
    if not isinstance(transformer, Pipeline):
        return False
    steps = [step for _, step in transformer.steps]
    return isinstance(steps[0], CalendarEncoder) and isinstance(steps[-1], OneHotEncoder)


def _add_calendar_terms(
    transformer: Pipeline, column: int, weights: np.ndarray, terms: list[dict[TermKey, Term]]
) -> None:
    encoder, one_hot = (step for _, step in transformer.steps)
    start = 0
    for part, values in zip(encoder.parts, one_hot.categories_, strict=True):
        is_null = np.isnan(values)
        names = [f"{value:.0f}" for value in values[~is_null]]
        part_weights = weights[:, start : start + len(values)]
        start += len(values)
        for row, feature_terms in enumerate(terms):
            numbers = dict(zip(names, part_weights[row][~is_null].tolist(), strict=True))
            missing = float(part_weights[row][is_null].sum())
            feature_terms[column, part] = CategoricalTerm(numbers, missing, 0.0)


def _add_numeric_terms(
    transformer: Any,
    columns: list[int],
    weights: np.ndarray,
    constants: np.ndarray,
    terms: list[dict],
) -> None:
    prepared = _transform_terms(transformer, [(column, NumericTerm()) for column in columns])
    if len(prepared) != weights.shape[1]:
        raise NotLinear
    for row, feature_terms in enumerate(terms):
        numeric_terms: dict[int, NumericTerm] = {}
        for (column, term), weight in zip(prepared, weights[row], strict=True):
            weighted = term.scaled(0.0, weight)
            numeric_terms[column] = (
                numeric_terms[column].plus(weighted) if column in numeric_terms else weighted
            )
        for column, term in numeric_terms.items():
            # The constant part belongs to the constant of the sum.
            constants[row] += term.shift
            feature_terms[column, ""] = NumericTerm(
                term.slope, term.centre, 0.0, term.missing - term.shift
            )


def _transform_terms(transformer: Any, columns: list[PreparedNumber]) -> list[PreparedNumber]:
    """The columns after one step of the preprocessing."""
    if transformer == "passthrough":
        return columns
    if isinstance(transformer, Pipeline):
        for _, step in transformer.steps:
            columns = _transform_terms(step, columns)
        return columns
    if isinstance(transformer, SimpleImputer):
        return _filled(transformer, columns)
    offsets, factors = _scaling(transformer, len(columns))
    return [
        (feature, term.scaled(float(offset), float(factor)))
        for (feature, term), offset, factor in zip(columns, offsets, factors, strict=True)
    ]


def _filled(imputer: SimpleImputer, columns: list[PreparedNumber]) -> list[PreparedNumber]:
    values = np.asarray(imputer.statistics_, float)
    if len(values) != len(columns) or np.isnan(values).any():
        raise NotLinear
    filled = [
        (feature, term.filled(float(value)))
        for (feature, term), value in zip(columns, values, strict=True)
    ]
    if imputer.indicator_ is not None:
        indicator = NumericTerm(0.0, 0.0, 0.0, 1.0)
        filled += [(columns[position][0], indicator) for position in imputer.indicator_.features_]
    return filled


def _scaling(scaler: Any, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Offset and factor of each column: (value - offset) * factor."""
    zeros, ones = np.zeros(width), np.ones(width)
    if isinstance(scaler, StandardScaler):
        return (
            zeros if scaler.mean_ is None or not scaler.with_mean else scaler.mean_,
            ones if scaler.scale_ is None else 1.0 / scaler.scale_,
        )
    if isinstance(scaler, RobustScaler):
        return (
            scaler.center_ if scaler.with_centering else zeros,
            1.0 / scaler.scale_ if scaler.with_scaling else ones,
        )
    if isinstance(scaler, MaxAbsScaler) and not getattr(scaler, "clip", False):
        return zeros, 1.0 / scaler.scale_
    if isinstance(scaler, MinMaxScaler) and not scaler.clip:
        return -scaler.min_ / scaler.scale_, scaler.scale_
    raise NotLinear


def _add_categorical_terms(
    transformer: Any,
    columns: list[int],
    weights: np.ndarray,
    features: Sequence[Feature],
    constants: np.ndarray,
    terms: list[dict],
) -> None:
    """Evaluate the transformer of categories for every code, of which there are a few hundred.

    A term is the difference to an unseen category while the other columns are constant. The caller
    checks that the terms of the columns are independent.
    """
    base = np.full((1, len(columns)), UNSEEN)
    unseen = _prepared(transformer, base)
    if unseen.shape[1] != weights.shape[1]:
        raise NotLinear
    constants += weights @ unseen[0]
    for output_slice, column in enumerate(columns):
        feature = features[column]
        codes = [*feature.codes().values(), np.nan, feature.other]
        probe = np.repeat(base, len(codes), axis=0)
        probe[:, output_slice] = codes
        added = (_prepared(transformer, probe) - unseen) @ weights.T
        for row, feature_terms in enumerate(terms):
            *category_values, missing, rare_value = added[:, row].tolist()
            values = dict(zip(feature.categories, category_values, strict=True))
            feature_terms[column, ""] = CategoricalTerm(values, missing, rare_value)


def _prepared(transformer: Any, matrix: np.ndarray) -> np.ndarray:
    feature_terms = matrix if transformer == "passthrough" else transformer.transform(matrix)
    return np.asarray(
        feature_terms.toarray() if hasattr(feature_terms, "toarray") else feature_terms, float
    )
