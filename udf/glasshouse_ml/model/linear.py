"""A linear model taken apart: its weights, and what each of them weighs in terms of the columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from glasshouse_ml.core.feature import Feature


@dataclass(frozen=True)
class Term:
    """A prepared column: the feature it was made of, what of it is meant, and how it was scaled."""

    origin: int  # position among the features
    words: str = ""  # what follows the name of the feature: nothing for a number itself
    mean: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True)
class Linear:
    """The sums a linear model computes from the prepared columns."""

    weights: np.ndarray  # (sums, terms)
    intercepts: np.ndarray  # (sums,)
    terms: Sequence[Term]

    def is_answer(self, pipeline: Pipeline, matrix: np.ndarray) -> bool:
        """Whether the sums are what the model answers; a link or a clip would come between."""
        estimator = pipeline[-1]
        answers = getattr(estimator, "decision_function", estimator.predict)
        prepared = pipeline[:-1].transform(matrix)
        sums = np.asarray(prepared @ self.weights.T) + self.intercepts
        return np.allclose(sums, answers(prepared).reshape(sums.shape), rtol=1e-9, atol=1e-9)


def take_apart(pipeline: Pipeline, features: Sequence[Feature]) -> Linear | None:
    """The linear model inside a fitted Pipeline; None where there is none.

    With two classes there is one sum, for the second of them.
    """
    estimator = pipeline.steps[-1][1]
    if not hasattr(estimator, "coef_") or pipeline.steps[0][0] != "prepare":
        return None
    weights = np.atleast_2d(estimator.coef_)
    intercepts = np.atleast_1d(estimator.intercept_)
    terms = _terms(pipeline.steps[0][1], features)
    if weights.shape[1] != len(terms) or len(intercepts) != len(weights):
        return None
    return Linear(weights, intercepts, terms)


def origins(pipeline: Pipeline, features: Sequence[Feature]) -> np.ndarray:
    """The position of the feature that each prepared column was made of."""
    if pipeline.steps[0][0] != "prepare":
        return np.arange(len(features))
    return np.array([term.origin for term in _terms(pipeline.steps[0][1], features)], int)


def _terms(prepare: Any, features: Sequence[Feature]) -> list[Term]:
    terms: list[Term] = []
    for name, transformer, columns in prepare.transformers_:
        if name == "numbers" and not isinstance(transformer, Pipeline):
            terms += [Term(column) for column in columns]  # as they are
        elif name == "numbers":
            # After the numbers comes a 0/1 column for each that had missing values in training.
            missing = transformer.named_steps["impute"].indicator_.features_
            scaler = transformer.named_steps["scale"]
            if not isinstance(scaler, StandardScaler):
                return []
            parts = [(column, "") for column in columns]
            parts += [(columns[position], " is missing") for position in missing]
            for part, mean, scale in zip(parts, scaler.mean_, scaler.scale_, strict=True):
                terms.append(Term(*part, float(mean), float(scale)))
        elif name == "many":
            # Each is the mean of the answers to its rows; of each class, where there are more.
            scaled = isinstance(transformer, Pipeline)
            encoder = transformer.named_steps["means"] if scaled else transformer
            each = len(encoder.classes_) if encoder.target_type_ == "multiclass" else 1
            words = (
                [f" (mean of class {label})" for label in range(each)] if each > 1 else [" (mean)"]
            )
            parts = [(column, word) for column in columns for word in words]
            means, scales = np.zeros(len(parts)), np.ones(len(parts))
            if scaled:
                scaler = transformer.named_steps["scale"]
                means, scales = scaler.mean_, scaler.scale_
            for part, mean, scale in zip(parts, means, scales, strict=True):
                terms.append(Term(*part, float(mean), float(scale)))
        elif name == "categories":
            for column, codes in zip(columns, transformer.categories_, strict=True):
                terms += [Term(column, _words(features[column], code)) for code in codes]
    return terms


def _words(feature: Feature, code: float) -> str:
    if np.isnan(code):
        return " is missing"
    # The code after those of the categories is that of all rarer ones.
    known = int(code) < len(feature.categories)
    return f" = {feature.categories[int(code)]}" if known else " = other"
