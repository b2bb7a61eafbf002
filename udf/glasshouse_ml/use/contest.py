"""ml.contest: what each group of columns adds to a model, measured on the same repeated folds."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import stats

from glasshouse_ml.core.errors import GlasshouseError, near_names
from glasshouse_ml.core.records import json_number
from glasshouse_ml.core.request import Request
from glasshouse_ml.core.split import XY
from glasshouse_ml.core.table import Column
from glasshouse_ml.data import threads
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.encoding import MAX_CATEGORIES, MAX_TARGET_ENCODED, encode, learn_features
from glasshouse_ml.data.informative_columns import informative_columns
from glasshouse_ml.data.interrupts import interruptible
from glasshouse_ml.data.query_text import clean_query
from glasshouse_ml.model.fitting import Fitter
from glasshouse_ml.model.splitting import split_rows
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.tasks.registry import TASKS
from glasshouse_ml.train.training_data import TrainingData, read_training_data

CONFIDENCE = 0.95
MAX_REPEATS = 20
# scikit-learn takes seeds below this.
SEEDS = 2**32
COLUMNS = (
    "feature_group", "columns", "metric", "folds", "score", "score_without", "difference",
    "lower", "upper", "p_value", "verdict",
)  # fmt: skip
ContestRow = tuple[Any, ...]


@dataclass(frozen=True)
class PairedDifference:
    """The mean of paired differences over folds, its interval, and the p value of no difference."""

    mean: float
    lower: float
    upper: float
    p_value: float


def contest(db: Database, model: str, query: str, groups: str, repeats: int) -> list[ContestRow]:
    """A row for each group, the most useful first; recorded in the registry.

    The champion's algorithm is cross-validated with all columns, and again without each group, on
    the same folds of the training part.
    """
    if not 1 <= repeats <= MAX_REPEATS:
        raise GlasshouseError(f"repeats is {repeats}.", f"Give 1 to {MAX_REPEATS}.")
    threads.limit_threads(db)
    with interruptible(db.check_interrupts):
        version, rows = _contest(db, model, query, json.loads(groups), repeats)
    registry.record_contest(
        db, model, version, [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    )
    return rows


def _contest(
    db: Database, model: str, query: str, groups: Any, repeats: int
) -> tuple[int, list[ContestRow]]:
    facts = registry.facts(db, model)
    if facts is None:
        registry.load(db, model)  # raises the error that names the models there are
    assert facts is not None
    request = _request(facts, query)
    data = read_training_data(db, request)
    groups = _checked_groups(groups, data.columns)
    metric = request.task.metrics[facts["metric"]]
    runs = _Runs(db, request, data, facts, repeats)
    scores = runs.scores(frozenset())
    gains = {
        name: metric.gain(1.0) * (scores - runs.scores(frozenset(columns)))
        for name, columns in groups.items()
    }
    differences = {
        name: corrected_difference(values, runs.test_share, len(groups))
        for name, values in gains.items()
    }
    p_values = holm({name: each.p_value for name, each in differences.items()})
    rows = []
    for name, each in sorted(differences.items(), key=lambda item: -item[1].mean):
        score = float(scores.mean())
        without = score - metric.gain(each.mean)
        numbers = (score, without, each.mean, each.lower, each.upper, p_values[name])
        rows.append(
            (
                name,
                groups[name],
                metric.name,
                len(scores),
                *map(json_number, numbers),
                "adds" if each.lower > 0 else "harms" if each.upper < 0 else "no clear difference",
            )
        )
    return facts["version"], rows


class _Runs:
    """Cross-validations of one algorithm on the same folds, with and without some columns."""

    def __init__(
        self,
        db: Database,
        request: Request,
        data: TrainingData,
        facts: Mapping[str, Any],
        repeats: int,
    ) -> None:
        self.db, self.data = db, data
        self.algorithm, self.params = facts["algorithm"], facts["params"]
        self.metric = request.task.metrics[facts["metric"]]
        splitter, seed = request.task.splitter(data.target), request.options["seed"]
        self.requests = [
            replace(request, options={**request.options, "seed": (seed + number) % SEEDS})
            for number in range(repeats)
        ]
        self.splits = [split_rows(data.table, splitter, each) for each in self.requests]
        if self.splits[0].is_chronological:
            # Folds that go forward in time are the same in each repeat.
            self.splits, self.requests = self.splits[:1], self.requests[:1]
        sizes = [(len(fit), len(test)) for split in self.splits for fit, test in split.folds]
        self.test_share = float(np.mean([test / fit for fit, test in sizes]))

    def scores(self, left_out: frozenset[str]) -> np.ndarray:
        """The score in each fold of each repeat, without some columns."""
        columns = [column for column in self.data.columns if column.name not in left_out]
        return np.concatenate(
            [self._cross_validate(number, columns) for number in range(len(self.splits))]
        )

    def _cross_validate(self, number: int, columns: list[Column]) -> np.ndarray:
        request, split, data = self.requests[number], self.splits[number], self.data
        names = {column.name for column in columns}
        request = replace(request, options=_options_of(request.options, names))
        kinds = request.options["columns"]
        informative, _ = informative_columns(columns, data.table, split.train, kinds)
        most = MAX_TARGET_ENCODED if request.task.uses_target_encoding else MAX_CATEGORIES
        features = learn_features(informative, data.table, split.train, most)
        training = XY(
            encode(features, data.table)[split.train], data.target.values[split.train], split.train
        )
        fitter = Fitter(self.db, request, features, data.target, split)
        validated = fitter.cross_validate(1, self.algorithm, self.params, training, self.metric)
        return np.array(validated.scores)


def corrected_difference(
    values: np.ndarray, test_share: float, comparisons: int = 1
) -> PairedDifference:
    """The mean of paired differences with an interval that allows for overlapping training rows.

    The variance is corrected as by Nadeau and Bengio (Machine Learning 52, 2003): the rows of two
    folds overlap, so the mean of n differences varies by (1/n + test/training rows) · s².
    The intervals of all comparisons hold together with 95 % (Bonferroni).
    """
    mean, n = float(values.mean()), len(values)
    error = math.sqrt((1 / n + test_share) * values.var(ddof=1)) if n > 1 else math.nan
    if not error:
        return PairedDifference(mean, mean, mean, 1.0 if mean == 0 else 0.0)
    half = error * stats.t.ppf(1 - (1 - CONFIDENCE) / (2 * comparisons), n - 1)
    p_value = 2 * stats.t.sf(abs(mean) / error, n - 1)
    return PairedDifference(mean, mean - half, mean + half, float(p_value))


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """p values adjusted for the number of comparisons (Holm, Scand. J. Statistics 6, 1979)."""
    adjusted, largest = {}, 0.0
    for rank, (name, value) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * value))
        adjusted[name] = largest
    return adjusted


def _request(facts: Mapping[str, Any], query: str) -> Request:
    """The champion's training as a request."""
    task, options = TASKS[facts["task"]], facts["options"]
    if not facts["target"]:
        raise GlasshouseError(
            f"{facts['model']} has no target, so nothing says what a column adds.",
            "Name a classification or a regression.",
        )
    if options.get("group_by"):
        raise GlasshouseError(
            f"{facts['model']} has one model per {options['group_by']}.",
            "Train it without options.group_by.",
        )
    split = {name: facts["split"].get(name) for name in ("by", "column", "test")}
    return Request(
        facts["model"], clean_query(query), task, facts["target"], facts["key"], None,
        facts["metric"], split, options, "folds" in options,
    )  # fmt: skip


def _options_of(options: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    """The options without what they say of columns that are left out."""
    of_columns = {
        option: {name: value for name, value in options[option].items() if name in names}
        for option in ("columns", "monotonic")
        if options.get(option)
    }
    return {**options, **of_columns}


def _checked_groups(groups: Any, columns: Sequence[Column]) -> dict[str, list[str]]:
    """The columns of each group; refuses names that are no features."""
    if not isinstance(groups, dict) or not groups:
        raise GlasshouseError(
            "groups names no group of columns.", 'Write for example {"deck": ["deck", "side"]}.'
        )
    names = {column.name for column in columns}
    for group, members in groups.items():
        if not isinstance(members, list) or not members:
            raise GlasshouseError(f"Group {group!r} names no column.", "Give a list of names.")
        for name in members:
            if name not in names:
                raise GlasshouseError(
                    f"Group {group!r} names {name!r}, which is no feature.",
                    near_names(str(name), names),
                )
        if names <= set(members):
            raise GlasshouseError(
                f"Without group {group!r} no column is left to learn from.",
                "Name a group that leaves some columns.",
            )
    return groups
