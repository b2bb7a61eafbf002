"""A linear model taken apart: its weights, and what each of them weighs in terms of the columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from glasshouse_ml.core.feature import Feature
from glasshouse_ml.model.age_encoder import AgeEncoder
from glasshouse_ml.model.item_indicator import ItemIndicator
from glasshouse_ml.model.text_vectorizer import TextVectorizer

# What follows the name of a date whose age is a column.
_AGE = " (age in days)"


@dataclass(frozen=True)
class PreparedColumn:
    """A prepared column: the feature it was made of, what of it is meant, and how it was scaled."""

    feature: int  # position among the features
    suffix: str = ""  # what follows the name of the feature: nothing for a number itself
    mean: float = 0.0
    scale: float = 1.0
    is_text: bool = False  # a term of a free text, of which there are thousands


@dataclass(frozen=True)
class LinearModel:
    """The sums a linear model computes from the prepared columns."""

    weights: np.ndarray  # (sums, terms)
    intercepts: np.ndarray  # (sums,)
    terms: Sequence[PreparedColumn]

    def matches_predictions(self, pipeline: Pipeline, matrix: np.ndarray) -> bool:
        """Whether the sums are what the model answers; a link or a clip would come between."""
        estimator = pipeline[-1]
        outputs = getattr(estimator, "decision_function", estimator.predict)
        prepared = pipeline[:-1].transform(matrix)
        sums = np.asarray(prepared @ self.weights.T) + self.intercepts
        return np.allclose(sums, outputs(prepared).reshape(sums.shape), rtol=1e-9, atol=1e-9)


def extract_linear_model(pipeline: Pipeline, features: Sequence[Feature]) -> LinearModel | None:
    """The linear model inside a fitted Pipeline; None where there is none.

    With two classes there is one sum, for the second of them.
    """
    estimator = pipeline.steps[-1][1]
    if not hasattr(estimator, "coef_") or pipeline.steps[0][0] != "prepare":
        return None
    weights = np.atleast_2d(estimator.coef_)
    intercepts = np.atleast_1d(estimator.intercept_)
    terms = _prepared_columns(pipeline.steps[0][1], features)
    if weights.shape[1] != len(terms) or len(intercepts) != len(weights):
        return None
    return LinearModel(weights, intercepts, terms)


def source_features(pipeline: Pipeline, features: Sequence[Feature]) -> np.ndarray:
    """The position of the feature that each prepared column was made of."""
    if pipeline.steps[0][0] != "prepare":
        return np.arange(len(features))
    return np.array(
        [term.feature for term in _prepared_columns(pipeline.steps[0][1], features)], int
    )


def _prepared_columns(prepare: Any, features: Sequence[Feature]) -> list[PreparedColumn]:
    terms: list[PreparedColumn] = []
    for name, transformer, columns in prepare.transformers_:
        if isinstance(transformer, FunctionTransformer):
            terms += [PreparedColumn(column) for column in columns]  # as they are
        elif isinstance(transformer, AgeEncoder):
            terms += [PreparedColumn(column, _AGE) for column in columns[:-1]]
        elif name in ("numbers", "ages"):
            # After the numbers comes a 0/1 column for each that had missing values in training.
            missing = transformer.named_steps["impute"].indicator_.features_
            scaler = transformer.named_steps["scale"]
            if not isinstance(scaler, StandardScaler):
                return []
            is_age, numbers = name == "ages", columns[:-1] if name == "ages" else columns
            columns_and_suffixes = [(column, _AGE if is_age else "") for column in numbers]
            columns_and_suffixes += [(numbers[position], " is missing") for position in missing]
            for column_and_suffix, mean, scale in zip(
                columns_and_suffixes, scaler.mean_, scaler.scale_, strict=True
            ):
                terms.append(PreparedColumn(*column_and_suffix, float(mean), float(scale)))
        elif name == "many":
            # Each is the mean of the answers to its rows; of each class, where there are more.
            scaled = isinstance(transformer, Pipeline)
            encoder = transformer.named_steps["means"] if scaled else transformer
            per_category = len(encoder.classes_) if encoder.target_type_ == "multiclass" else 1
            suffix = (
                [f" (mean of class {label})" for label in range(per_category)]
                if per_category > 1
                else [" (mean)"]
            )
            columns_and_suffixes = [(column, word) for column in columns for word in suffix]
            means, scales = np.zeros(len(columns_and_suffixes)), np.ones(len(columns_and_suffixes))
            if scaled:
                scaler = transformer.named_steps["scale"]
                means, scales = scaler.mean_, scaler.scale_
            for column_and_suffix, mean, scale in zip(
                columns_and_suffixes, means, scales, strict=True
            ):
                terms.append(PreparedColumn(*column_and_suffix, float(mean), float(scale)))
        elif name == "categories":
            for column, codes in zip(columns, transformer.categories_, strict=True):
                terms += [
                    PreparedColumn(column, _category_suffix(features[column], code))
                    for code in codes
                ]
        elif name.startswith("calendar "):
            (column,) = columns
            terms += [PreparedColumn(column, suffix) for suffix in calendar_suffixes(transformer)]
        elif isinstance(transformer, ItemIndicator):
            (column,) = columns
            suffixes = [" is missing", *(f" has {item}" for item in features[column].words)]
            terms += [PreparedColumn(column, suffix) for suffix in suffixes]
        elif isinstance(transformer, TextVectorizer):
            (column,) = columns
            suffixes = text_suffixes(transformer, features[column])
            terms += [PreparedColumn(column, suffix, is_text=True) for suffix in suffixes]
    return terms


def calendar_suffixes(transformer: Any) -> list[str]:
    """What each column made of a date is, to follow the name of the feature."""
    if not isinstance(transformer, Pipeline):
        return [f" ({part})" for part in transformer.parts]
    encoder, last = (step for _, step in transformer.steps)
    if not isinstance(last, OneHotEncoder):
        missing = last.indicator_.features_
        return [
            *(f" ({part})" for part in encoder.parts),
            *(f" ({encoder.parts[position]} is missing)" for position in missing),
        ]
    return [
        f" is missing ({part})" if np.isnan(value) else f" ({part} {value:.0f})"
        for part, values in zip(encoder.parts, last.categories_, strict=True)
        for value in values
    ]


def text_suffixes(vectorizer: TextVectorizer, feature: Feature) -> list[str]:
    """What each column made of a free text is, to follow the name of the feature."""
    if vectorizer.dimensions:
        numbers = range(1, vectorizer.dimensions + 1)
        return [" is missing", *(f" (dimension {number})" for number in numbers)]
    words, pieces = vectorizer.columns_
    return [
        " is missing",
        *(f" has {feature.words[code]}" for code in words),
        *(f" has {_spelling(feature.ngrams[code])}" for code in pieces),
    ]


def _spelling(ngram: str) -> str:
    """An n-gram with an ellipsis where its word goes on; a space is the end of the word."""
    start, end = ("" if ngram[place] == " " else "…" for place in (0, -1))
    return f"{start}{ngram.strip()}{end}"


def _category_suffix(feature: Feature, code: float) -> str:
    if np.isnan(code):
        return " is missing"
    # The code after those of the categories is that of all rarer ones.
    has_category = int(code) < len(feature.categories)
    return f" = {feature.categories[int(code)]}" if has_category else " = other"
