"""Decomposition: components and explained variance equal scikit-learn's."""

import json
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.model.algorithms import CATALOGUE
from glasshouse_ml.tasks.decomposition import METRICS, Reconstruction
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import all_estimators

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn, predict

# They count words, expect a given dictionary, or know no way back of acceptable cost.
LEFT_OUT = {"LatentDirichletAllocation", "SparseCoder", "KernelPCA"}
WINE = load_wine().data
ROWS = [
    {
        "id": number,
        **{f"f{position}": float(value) for position, value in enumerate(row)},
        "part": "test" if number % 4 == 0 else "train",
    }
    for number, row in enumerate(WINE)
]
TRAINING = np.arange(len(WINE)) % 4 > 0


def train(rows: list[dict], **changes: Any) -> tuple[StandIn, dict[str, Any]]:
    db = StandIn(rows)
    arguments = {
        "task": "decomposition",
        "target": None,
        "key": "id",
        "algorithms": None,
        "split": '{"by": "column", "column": "part"}',
        **changes,
    }
    call(db, **arguments)
    return db, db.recorded[-1]


def components(db: StandIn) -> np.ndarray:
    component_values = {int(k): json.loads(p) for k, _, _, p in predict(db, "a model", "q", None)}
    return np.array([list(component_values[row["id"]].values()) for row in ROWS])


def test_decompositions_are_in_catalogue_or_excluded() -> None:
    estimator_names = {
        name
        for name, kind in all_estimators("transformer")
        if kind.__module__.startswith("sklearn.decomposition")
    }
    names = {algorithm.estimator.__name__ for algorithm in CATALOGUE["decomposition"].values()}
    assert estimator_names - names == LEFT_OUT
    assert names <= estimator_names


@pytest.mark.parametrize("name", CATALOGUE["decomposition"])
def test_every_decomposition_trains_and_predicts(name: str) -> None:
    few = {"max_iter": 20} if "max_iter" in CATALOGUE["decomposition"][name].parameters else {}
    rows = [{**row, "f0": None if row["id"] % 5 == 0 else row["f0"]} for row in ROWS[::2]]
    quick = '{"folds": 2, "bootstrap": 0, "importance_repeats": 0}'
    entry = {"algorithm": name, "params": few}
    db, payload = train(rows, algorithms=json.dumps([entry]), options=quick)
    version = payload["version"]
    assert (version["metric"], version["classes"]) == ("explained_variance", [])
    assert version["baseline"] <= 0
    assert (version["score"] > 0.1) == (name != "dummy")
    for _, prediction, score, result in predict(db, "a model", "q", None):
        assert prediction is None
        assert score >= 0
        count = len(json.loads(result))
        assert count > 2 if name == "pca" else count == (0 if name == "dummy" else 2)
    json.dumps(payload, allow_nan=False)


def test_components_equal_scikit_learn() -> None:
    db, payload = train(ROWS, algorithms='[{"algorithm": "pca", "params": {"n_components": 3}}]')
    outside = make_pipeline(StandardScaler(), PCA(3)).fit(WINE[TRAINING])
    expected, result = outside.transform(WINE), components(db)
    # A component may point either way.
    np.testing.assert_allclose(np.abs(result), np.abs(expected), atol=1e-9)
    points = outside[0].transform(WINE[~TRAINING])
    reconstruction = outside[1].inverse_transform(outside[1].transform(points))
    share = r2_score(points, reconstruction, multioutput="variance_weighted")
    assert payload["version"]["score"] == pytest.approx(share)
    scores = [score for *_, score, _ in predict(db, "a model", "q", None)]
    errors = np.sqrt(((points - reconstruction) ** 2).mean(axis=1))
    assert sorted(np.array(scores)[~TRAINING]) == pytest.approx(sorted(errors))
    curve = {(c["series"], c["position"]): c["y"] for c in payload["curves"]}
    assert curve["together", 3] == pytest.approx(share)
    shares = [curve["alone", position] for position in (1, 2, 3)]
    assert sum(shares) == pytest.approx(share)
    assert shares[0] > shares[1] > shares[2] > 0


def test_default_keeps_nine_tenths_of_variance() -> None:
    db, _ = train(ROWS)
    outside = make_pipeline(StandardScaler(), PCA(0.9)).fit(WINE[TRAINING])
    assert components(db).shape[1] == outside[1].n_components_


def test_weighted_metrics_equal_repeated_rows() -> None:
    rng = np.random.default_rng(0)
    points, reconstruction = rng.normal(5, 1, (40, 3)), rng.normal(5, 1, (40, 3))
    weights = rng.integers(0, 4, (2, 40)).astype(float)
    for name, metric in METRICS.items():
        result = metric.measure(Reconstruction(points, reconstruction, points, None), weights)
        for sample, value in zip(weights.astype(int), result, strict=True):
            rows = np.repeat(np.arange(40), sample)
            part = Reconstruction(points[rows], reconstruction[rows], points[rows], None)
            assert value == pytest.approx(metric.value(part)), name


def test_invalid_arguments_are_refused() -> None:
    with pytest.raises(GlasshouseError, match="A decomposition has no target"):
        train(ROWS, target="f0")
    with pytest.raises(GlasshouseError, match="pca could not be trained: n_components=20"):
        train(ROWS, algorithms='[{"algorithm": "pca", "params": {"n_components": 20}}]')
