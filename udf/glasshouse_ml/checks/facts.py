"""The input of a check, and its outcome."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from glasshouse_ml.checks.resampling import gain_interval
from glasshouse_ml.core.metric import EvaluationInput, Metric
from glasshouse_ml.core.records import Records
from glasshouse_ml.core.request import Request
from glasshouse_ml.core.split import Split
from glasshouse_ml.core.table import Column, Table
from glasshouse_ml.core.target import Target

ISSUE, TIP, PASSED, NOT_APPLICABLE = "issue", "tip", "passed", "not_applicable"


@dataclass(frozen=True)
class TrainingFacts:
    """A finished training.

    The rows of the table are those of the training part and then those of the test part. Each part
    is in the order of the hashes of its rows, so that its first rows are a random sample.
    """

    request: Request
    columns: Sequence[Column]  # that a feature can be made of, also those that are left out
    features: Records  # of ml.model_versions, with the univariate scores
    excluded: Records
    table: Table
    unlabelled: Table  # the rows without a target; the column of the split alone
    target: Target
    split: Split
    algorithms: Collection[str]  # of the candidates
    metric: Metric
    training: EvaluationInput
    test: EvaluationInput
    baseline: EvaluationInput | None  # for the test rows
    check_interrupts: Callable[[], None]

    @property
    def feature_columns(self) -> list[Column]:
        """The columns that the model uses."""
        names = {feature["name"] for feature in self.features}
        return [column for column in self.columns if column.name in names]

    def training_sample(self, most: int) -> np.ndarray:
        """Positions of training rows."""
        return self.split.train[:most]

    @cached_property
    def gain_over_baseline(self) -> tuple[float, float]:
        """The 99 % interval of the gain over the baseline on the test rows."""
        if self.baseline is None:
            return np.nan, np.nan
        seed, units = self.request.options["seed"], self.split.test_units
        return gain_interval(self.metric, self.test, self.baseline, seed, units)

    @property
    def is_random(self) -> bool:
        """Whether each row was assigned to its part by chance, whatever group it belongs to."""
        return self.split.facts["by"] == "random" and "kept_together" not in self.split.facts


class Finding(NamedTuple):
    """A problem; severity and remedy are those of the check where they are None."""

    message: str
    column: str | None = None
    severity: str | None = None
    remedy: str | None = None


class NotApplicable(NamedTuple):
    """The reason why a check says nothing about a training."""

    reason: str


Outcome = Sequence[Finding] | NotApplicable
Check = Callable[[TrainingFacts], Outcome]


def column_values(facts: TrainingFacts, name: str, rows: np.ndarray) -> np.ndarray:
    """The numbers of a column in some rows, or the codes of its texts."""
    if name in facts.table.texts:
        return facts.table.texts[name].codes[rows]
    return facts.table.numbers[name][rows]


def percent(share: float) -> str:
    """A share as text: 12 %, 0.4 %."""
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"
