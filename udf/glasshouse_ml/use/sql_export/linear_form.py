"""A linear model as weighted sums and a link function, verified against the model itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, softmax

from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.predictions import ProbabilityMatrix
from glasshouse_ml.core.table import CATEGORY
from glasshouse_ml.core.validation import MAX_ABSOLUTE_VALUE
from glasshouse_ml.measure.classification_metrics import predict_classes
from glasshouse_ml.tasks.registry import TASKS
from glasshouse_ml.use.sql_export.terms import CategoricalTerm, NumericTerm
from glasshouse_ml.use.sql_export.weighted_sums import NotLinear, WeightedSum, weighted_sums

# Together over all sums. Beyond it planning the statement costs more than it saves.
MAX_TERMS, MAX_LISTED = 1_000, 3_000
# Postgres refuses a product that is too large or too small for a float8. With slopes inside these
# limits none is: values end at MAX_ABSOLUTE_VALUE, and expression.py keeps them away from zero.
_MIN_SLOPE, _MAX_SLOPE = 1e-90, 1e150
_PROBES = 300
# Dates are probed over some years, so that each part takes all of its values.
_PROBED_DAYS = 1_000.0
_TOLERANCE = 1e-9

IDENTITY, EXPONENTIAL, LOGISTIC, SOFTMAX, ONE_AGAINST_REST = (
    "identity", "exponential", "logistic", "softmax", "one against rest",
)  # fmt: skip
_LINKS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    IDENTITY: lambda z: z,
    EXPONENTIAL: np.exp,
    LOGISTIC: lambda z: np.column_stack([expit(-z[:, 0]), expit(z[:, 0])]),
    SOFTMAX: lambda z: softmax(z, axis=1),
    ONE_AGAINST_REST: lambda z: expit(z) / expit(z).sum(axis=1, keepdims=True),
}


@dataclass(frozen=True)
class LinearForm:
    """The weighted sums of a linear model and the name of its link function."""

    features: Sequence[Feature]
    sums: list[WeightedSum]
    link: str

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """The predicted number of each row, or a probability for each class."""
        totals = [sums.values(self.features, matrix) for sums in self.sums]
        with np.errstate(over="ignore"):
            return _LINKS[self.link](np.column_stack(totals))


def linear_form(model: Model) -> LinearForm:
    """The form that gives the predictions of the model on generated rows; else NotLinear."""
    if model.interval:
        raise NotLinear("bounds")
    if any(feature.of or feature.has_documents for feature in model.features):
        # Positions of an array have no name, and SQL does not cut texts into words or items as
        # Python does.
        raise NotLinear
    sums = weighted_sums(model.pipeline, model.features)
    _check_size(sums)
    if len(sums) == 1 and model.classes and model.positive_class is None:
        raise NotLinear
    matrix = _probes(model.features, sums[0])
    expected = _predictions(model, matrix)
    for link in _links(model, len(sums)):
        candidate = LinearForm(model.features, sums, link)
        values = candidate.values(matrix)
        if values.shape == expected.shape and np.allclose(values, expected, _TOLERANCE, _TOLERANCE):
            return candidate
    raise NotLinear


def _links(model: Model, count: int) -> tuple[str, ...]:
    if model.classes:
        return (LOGISTIC,) if count == 1 else (SOFTMAX, ONE_AGAINST_REST)
    return (IDENTITY, EXPONENTIAL) if count == 1 else ()


def _check_size(sums: list[WeightedSum]) -> None:
    if sum(len(weighted_sum.terms) for weighted_sum in sums) > MAX_TERMS:
        raise NotLinear
    categorical = [
        t
        for weighted_sum in sums
        for t in weighted_sum.terms.values()
        if isinstance(t, CategoricalTerm)
    ]
    if sum(len(term.numbers) for term in categorical) > MAX_LISTED:
        raise NotLinear
    for weighted_sum in sums:
        for term in weighted_sum.terms.values():
            if isinstance(term, NumericTerm) and term.slope:
                if not _MIN_SLOPE <= abs(term.slope) <= _MAX_SLOPE:
                    raise NotLinear
                if abs(term.centre) > MAX_ABSOLUTE_VALUE:
                    raise NotLinear


def _probes(features: Sequence[Feature], weighted_sum: WeightedSum) -> np.ndarray:
    """Rows whose sums are near zero, where predictions differ most; one value in five is NaN."""
    random = np.random.default_rng(0)
    matrix = np.empty((_PROBES, len(features)))
    for position, feature in enumerate(features):
        term = weighted_sum.terms.get((position, ""))
        if feature.kind == CATEGORY:
            codes = [*feature.codes().values(), feature.other]
            matrix[:, position] = random.choice(codes, _PROBES)
        else:
            term = term if isinstance(term, NumericTerm) else NumericTerm()
            width = 2.0 / abs(term.slope) / np.sqrt(len(features)) if term.slope else 1.0
            if feature.calendar_parts:
                width = _PROBED_DAYS
            matrix[:, position] = term.centre + random.normal(size=_PROBES) * width
    matrix[random.random(matrix.shape) < 0.2] = np.nan
    return np.where(np.abs(matrix) > MAX_ABSOLUTE_VALUE, np.nan, matrix)


def _predictions(model: Model, matrix: np.ndarray) -> np.ndarray:
    """The output of ml.predict; the classes must follow from the probabilities."""
    predicted, scores, probabilities = TASKS[model.task].predict(model, matrix)
    if not model.classes:
        return np.array(list(scores))[:, None]
    assert isinstance(probabilities, ProbabilityMatrix)
    matrix = probabilities.matrix
    names = list(model.classes)
    positive = 0 if model.positive_class is None else names.index(model.positive_class)
    class_positions = predict_classes(matrix, positive, model.threshold)
    if [names[place] for place in class_positions] != list(predicted):
        raise NotLinear
    return matrix
