"""A checked call of ml.train."""

from dataclasses import dataclass
from typing import Any

from glasshouse_ml.core.task import Task


@dataclass(frozen=True)
class Request:
    """The arguments of ml.train; train/request.py makes one and checks it.

    algorithms and metric are None where the caller leaves the choice to the task.
    """

    model: str
    query: str
    task: Task
    target: str | None
    key: str | None
    algorithms: list[dict[str, Any]] | None
    metric: str | None
    split: dict[str, Any]
    options: dict[str, Any]
    has_explicit_folds: bool
