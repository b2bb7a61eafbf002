"""docs/training.md names every option, task, split and search."""

import pytest
from glasshouse_ml.core.task import Task
from glasshouse_ml.tasks.registry import TASKS
from glasshouse_ml.train.options import DEFAULTS, SEARCHES
from glasshouse_ml.train.request import SPLITS

from scripts.settings import ROOT

TEXT = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*DEFAULTS, *SEARCHES, *TASKS])
def test_guide_lists_option(name: str) -> None:
    assert any(f"{mark}{name}" in TEXT for mark in ("| `", "`options.", '"'))


@pytest.mark.parametrize("way", SPLITS)
def test_guide_lists_split(way: str) -> None:
    assert f'{{"by": "{way}"' in TEXT


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS.keys())
def test_guide_lists_metric_of_task(task: Task) -> None:
    line = next(line for line in TEXT.splitlines() if line.startswith(f"| `{task.name}` |"))
    assert any(f"`{metric}`" in line for metric in task.metrics)
