"""Rows that several tests train on."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.registry import signatures
from glasshouse_ml.train.request import parse_request
from glasshouse_ml.train.training import train
from sklearn.datasets import load_breast_cancer
from threadpoolctl import threadpool_limits

from .standin import StandIn


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """As in the database server: threads of their own slow small fits down many times."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session", autouse=True)
def signing_key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A key of a test in the place of the one in a data directory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signatures, "KEY_FILE", tmp_path_factory.mktemp("data") / "glasshouse.key")
        signatures.create_key()
        yield


# What a training does beside the model costs most of its time; who tests it, asks for it.
QUICK = {
    "bootstrap": 50,
    "importance_repeats": 1,
    "folds": 3,
    "learning_curve": 0,
    "dependence": 0,
}


def call(db: StandIn, options: Any = None, **changes: Any) -> dict[str, Any]:
    """ml.train with the arguments SQL would fill in; quick unless `options` (a dictionary, or JSON
    as SQL hands it over) ask otherwise.
    """
    option_values = json.loads(options) if isinstance(options, str) else options or {}
    arguments: dict[str, Any] = {
        "model": "a model",
        "query": "select * from rows",
        "task": "classification",
        "target": "target",
        "key": None,
        "algorithms": '["logistic_regression"]',
        "metric": None,
        "split": None,
        "options": json.dumps({**QUICK, **option_values}),
    }
    return train(db, parse_request(**{**arguments, **changes}))


@pytest.fixture(scope="session")
def breast_cancer() -> list[dict[str, Any]]:
    """The sample data: 569 rows, ten of its features."""
    data = load_breast_cancer()
    names = [name.replace(" ", "_") for name in data.feature_names[:10]]
    return [
        {
            "id": number,
            **dict(zip(names, map(float, row), strict=False)),
            "target": str(data.target_names[label]),
        }
        for number, (row, label) in enumerate(zip(data.data, data.target, strict=True), start=1)
    ]


@pytest.fixture(scope="session")
def mixed() -> list[dict[str, Any]]:
    """Numbers, texts, booleans and holes; the target follows from two of them."""
    rng = np.random.default_rng(7)
    rows = []
    for number in range(400):
        amount = float(rng.normal())
        colour = str(rng.choice(["red", "green", "blue"]))
        odds = amount + (1.5 if colour == "red" else -0.5) + rng.normal()
        rows.append(
            {
                "id": f"row {number}",
                "amount": None if rng.random() < 0.1 else amount,
                "colour": None if rng.random() < 0.1 else colour,
                "loyal": bool(rng.random() < 0.5),
                "same": 1,
                "empty": None,
                "target": odds > 0,
            }
        )
    return rows
