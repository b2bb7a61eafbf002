"""The result of a training before it is recorded."""

from dataclasses import dataclass

from sklearn.pipeline import Pipeline

from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.metric import Metric
from glasshouse_ml.core.records import Records
from glasshouse_ml.core.request import Request
from glasshouse_ml.core.split import XY, Split
from glasshouse_ml.core.target import Target
from glasshouse_ml.model.fitting import Candidate, Fitter
from glasshouse_ml.train.baselines import Baseline
from glasshouse_ml.train.training_data import TrainingData


@dataclass(frozen=True)
class TrainingResult:
    """The outcome of a training, before it is recorded."""

    request: Request
    data: TrainingData
    split: Split
    features: list[Feature]
    excluded: list[dict[str, str]]
    fitter: Fitter
    metric: Metric
    candidates: list[Candidate]
    best: Candidate
    pipeline: Pipeline  # the best candidate, fitted on the training part
    fit_method: str  # see fit_all_rows()
    rows_fitted: int
    baseline: Baseline | None
    ordered_baselines: Records  # rows of ml.candidates
    target: Target
    training: XY
    test: XY
