"""A model as sums and what is made of them, proved against the model itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, softmax

from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.predictions import ProbabilityMatrix
from glasshouse_ml.core.table import CATEGORY
from glasshouse_ml.core.validation import MAX_ABSOLUTE_VALUE
from glasshouse_ml.measure.classification_metrics import decide
from glasshouse_ml.tasks.registry import TASKS
from glasshouse_ml.use.sql_export.sums import NotLinear, Sum, sums
from glasshouse_ml.use.sql_export.terms import Line, Listed

# Together over all sums. Beyond it planning the statement costs more than it saves.
MOST_TERMS, MOST_LISTED = 1_000, 3_000
# Postgres refuses a product that is too large or too small for a float8. With slopes inside these
# limits none is: values end at MAX_ABSOLUTE_VALUE, and expression.py keeps them away from zero.
_LEAST_SLOPE, _LARGEST_SLOPE = 1e-90, MAX_ABSOLUTE_VALUE
_PROBES = 300
_CLOSE = 1e-9

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
class Form:
    """The sums of a linear model and the name of what makes answers of them."""

    features: Sequence[Feature]
    sums: list[Sum]
    link: str

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """Per row the number, or a probability for each class."""
        totals = [found.values(self.features, matrix) for found in self.sums]
        with np.errstate(over="ignore"):
            return _LINKS[self.link](np.column_stack(totals))


def form(model: Model) -> Form:
    """The form whose answers are the model's own, on rows made up to tell; else NotLinear."""
    if any(feature.of for feature in model.features):
        # Positions of an array have no name.
        raise NotLinear
    found = sums(model.pipeline, model.features)
    _check_size(found)
    if len(found) == 1 and model.classes and model.positive_class is None:
        raise NotLinear
    matrix = _probes(model.features, found[0])
    expected = _answers(model, matrix)
    for link in _links(model, len(found)):
        candidate = Form(model.features, found, link)
        values = candidate.values(matrix)
        if values.shape == expected.shape and np.allclose(values, expected, _CLOSE, _CLOSE):
            return candidate
    raise NotLinear


def _links(model: Model, count: int) -> tuple[str, ...]:
    if model.classes:
        return (LOGISTIC,) if count == 1 else (SOFTMAX, ONE_AGAINST_REST)
    return (IDENTITY, EXPONENTIAL) if count == 1 else ()


def _check_size(found: list[Sum]) -> None:
    if sum(len(each.terms) for each in found) > MOST_TERMS:
        raise NotLinear
    lists = [t for each in found for t in each.terms.values() if isinstance(t, Listed)]
    if sum(len(term.numbers) for term in lists) > MOST_LISTED:
        raise NotLinear
    for each in found:
        for term in each.terms.values():
            if isinstance(term, Line) and term.slope:
                if not _LEAST_SLOPE <= abs(term.slope) <= _LARGEST_SLOPE:
                    raise NotLinear
                if abs(term.centre) > MAX_ABSOLUTE_VALUE:
                    raise NotLinear


def _probes(features: Sequence[Feature], about: Sum) -> np.ndarray:
    """Rows whose sums lie around zero, where answers differ most; every fifth value is missing."""
    random = np.random.default_rng(0)
    matrix = np.empty((_PROBES, len(features)))
    for position, feature in enumerate(features):
        term = about.terms.get(position)
        if feature.kind == CATEGORY:
            codes = [*feature.codes().values(), feature.other]
            matrix[:, position] = random.choice(codes, _PROBES)
        else:
            line = term if isinstance(term, Line) else Line()
            reach = 2.0 / abs(line.slope) / np.sqrt(len(features)) if line.slope else 1.0
            matrix[:, position] = line.centre + random.normal(size=_PROBES) * reach
    matrix[random.random(matrix.shape) < 0.2] = np.nan
    return np.where(np.abs(matrix) > MAX_ABSOLUTE_VALUE, np.nan, matrix)


def _answers(model: Model, matrix: np.ndarray) -> np.ndarray:
    """What ml.predict would say; its words must follow from the probabilities."""
    predicted, scores, probabilities = TASKS[model.task].predict(model, matrix)
    if not model.classes:
        return np.array(list(scores))[:, None]
    assert isinstance(probabilities, ProbabilityMatrix)
    shares = probabilities.matrix
    names = list(model.classes)
    positive = 0 if model.positive_class is None else names.index(model.positive_class)
    decided = decide(shares, positive, model.threshold)
    if [names[place] for place in decided] != list(predicted):
        raise NotLinear
    return shares
