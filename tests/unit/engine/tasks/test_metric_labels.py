"""The names of metrics in the engine and in the seed of the reports are the same list."""

import csv

from glasshouse_ml.measure.classification_metrics import COST
from glasshouse_ml.measure.regression_metrics import INTERVAL_METRICS
from glasshouse_ml.tasks.registry import TASKS

from tests.conftest import ROOT

SEED = ROOT / "dbt" / "seeds" / "metric_labels.csv"
# Recorded beside the metrics of a task, with some options or for some tasks.
EXTRA = {COST.name, "stability", *INTERVAL_METRICS}


def test_metrics_and_labels_are_complete() -> None:
    with SEED.open() as file:
        labels = [row["metric"] for row in csv.DictReader(file)]
    metrics = {name for task in TASKS.values() for name in task.metrics}
    assert sorted(labels) == sorted(metrics | EXTRA)


def test_metric_direction_has_one_source() -> None:
    with SEED.open() as file:
        assert "better" not in next(csv.reader(file))
    directions: dict[str, set[bool]] = {}
    for task in TASKS.values():
        for name, metric in task.metrics.items():
            assert metric.name == name
            directions.setdefault(name, set()).add(metric.higher_is_better)
    assert {name for name, ways in directions.items() if len(ways) > 1} == set()
