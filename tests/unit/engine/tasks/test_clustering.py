"""Clustering: the measures of scikit-learn, the search for k, and the clusters of new rows."""

import json
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.measure.intervals import metric_intervals
from glasshouse_ml.registry.artifacts import unpack
from glasshouse_ml.tasks.clustering import MAX_COMPARED, METRICS, ClusterScores
from sklearn import metrics as reference
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris, make_blobs
from sklearn.preprocessing import StandardScaler

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn, predict
from tests.unit.engine.train.test_training import without_times

POINTS, HOMES = make_blobs(400, centers=4, n_features=3, cluster_std=1.0, random_state=5)
ROWS = [
    {
        "id": number,
        **dict(zip("abc", map(float, point), strict=True)),
        "noise": float(noise),
        "home": f"home {home}",
    }
    for number, (point, noise, home) in enumerate(
        zip(POINTS, np.random.default_rng(0).uniform(size=400), HOMES, strict=True)
    )
]
PLAIN = [{k: v for k, v in row.items() if k not in ("home", "noise")} for row in ROWS]


def train(rows: list[dict], **changes: Any) -> tuple[StandIn, dict[str, Any]]:
    db = StandIn(rows)
    arguments = {"task": "clustering", "target": None, "key": "id", "algorithms": None, **changes}
    call(db, **arguments)
    return db, db.recorded[0]


def test_metrics_equal_scikit_learn() -> None:
    rows = ClusterScores(POINTS, HOMES)
    for name in ("silhouette", "davies_bouldin", "calinski_harabasz"):
        expected = getattr(reference, f"{name}_score")(POINTS, HOMES)
        assert METRICS[name].value(rows) == pytest.approx(expected)
    result = metric_intervals(rows, 100, 0)
    assert set(result) == set(METRICS)
    for name in ("silhouette", "calinski_harabasz"):
        assert result[name][0] < METRICS[name].value(rows) < result[name][1]


def test_weighted_metrics_equal_repeated_rows() -> None:
    rows, rng = ClusterScores(POINTS, HOMES), np.random.default_rng(3)
    draws = [rng.integers(0, len(POINTS), len(POINTS)) for _ in range(5)]
    weights = np.array([np.bincount(draw, minlength=len(POINTS)) for draw in draws], float)
    for name in ("davies_bouldin", "calinski_harabasz"):
        measure = getattr(reference, f"{name}_score")
        # The library on the rows themselves, each as often as it was drawn.
        expected = [measure(POINTS[draw], HOMES[draw]) for draw in draws]
        np.testing.assert_allclose(METRICS[name].measure(rows, weights), expected, rtol=1e-9)


def stability(payload: dict[str, Any]) -> dict[str, Any]:
    (result,) = [row for row in payload["metrics"] if row["metric"] == "stability"]
    return result


def test_separate_clusters_are_stable() -> None:
    _, payload = train(PLAIN)
    result = stability(payload)
    assert result["value"] > 0.95 and result["lower"] <= result["value"] <= result["upper"]
    assert (result["split"], result["n"]) == ("test", payload["version"]["rows_test"])
    # Of rows spread evenly five clusters are found somewhere else each time.
    rng = np.random.default_rng(1)
    even = [
        {"id": n, "a": a, "b": b} for n, (a, b) in enumerate(rng.uniform(size=(300, 2)).tolist())
    ]
    algorithms = '[{"algorithm": "k_means", "params": {"n_clusters": 7}}]'
    _, payload = train(even, algorithms=algorithms)
    assert stability(payload)["value"] < 0.9
    _, payload = train(even, algorithms=algorithms, options='{"bootstrap": 0}')
    assert not [row for row in payload["metrics"] if row["metric"] == "stability"]


def test_large_data_are_compared_on_deterministic_sample() -> None:
    points, homes = make_blobs(12_000, centers=3, random_state=1)
    rows = ClusterScores(points, homes)
    assert len(rows.actual) == MAX_COMPARED
    np.testing.assert_array_equal(rows.compared, ClusterScores(points, homes).compared)
    expected = reference.calinski_harabasz_score(points, homes)
    assert METRICS["calinski_harabasz"].value(rows) == pytest.approx(expected)


def test_single_cluster_has_no_separation() -> None:
    rows = ClusterScores(POINTS, np.zeros(400, int))
    assert METRICS["silhouette"].value(rows) == 0
    assert np.isnan(METRICS["davies_bouldin"].value(rows))


def test_cluster_count_is_selected() -> None:
    db, payload = train(PLAIN)
    version = payload["version"]
    assert version["params"] == {"n_clusters": 4}
    assert (version["algorithm"], version["metric"], version["baseline"]) == (
        "k_means",
        "silhouette",
        None,
    )
    cluster_counts = [c["params"]["n_clusters"] for c in payload["candidates"]]
    assert cluster_counts == list(range(2, 11))
    assert not any(c["is_baseline"] for c in payload["candidates"])
    assert [c["class"] for c in version["classes"]] == ["0", "1", "2", "3"]
    assert sum(c["train"] + c["test"] for c in version["classes"]) == 400
    result = list(predict(db, "a model", "q", None))
    assert reference.adjusted_rand_score(HOMES, [int(row[1]) for row in result]) > 0.97
    assert payload["confusion"] == []
    assert {row["class"] for row in payload["distributions"]} == set("0123")
    assert sum(r["n"] for r in payload["distributions"] if r["feature"] == "a") == 400
    curves = [row for row in payload["curves"] if row["series"] == "0"]
    assert [row["y"] for row in curves] == sorted(row["y"] for row in curves)
    assert {row["series"] for row in payload["metrics"]} == {"model"}
    json.dumps(payload, allow_nan=False)


def test_model_equals_scikit_learn() -> None:
    split = {"by": "column", "column": "part"}
    rows = [{**row, "part": "test" if n % 4 == 0 else "train"} for n, row in enumerate(PLAIN)]
    db, payload = train(
        rows,
        split=json.dumps(split),
        algorithms='[{"algorithm": "k_means", "params": {"n_clusters": 4}}]',
    )
    assert len(payload["candidates"]) == 1
    training = np.arange(400) % 4 > 0
    scaler = StandardScaler().fit(POINTS[training])
    model = KMeans(4, n_init=10, random_state=0).fit(scaler.transform(POINTS[training]))
    space = scaler.transform(POINTS)
    labels, away = model.predict(space), model.transform(space).min(axis=1)
    result = list(predict(db, "a model", "q", None))
    np.testing.assert_allclose([score for _, _, score, _ in result], away, rtol=1e-9)
    clusters = [int(label) for _, label, _, _ in result]
    assert reference.adjusted_rand_score(labels, clusters) == 1
    assert {shares for *_, shares in result} == {None}
    for name in METRICS:
        expected = getattr(reference, f"{name}_score")(space[~training], labels[~training])
        value = next(
            m["value"] for m in payload["metrics"] if (m["metric"], m["split"]) == (name, "test")
        )
        assert value == pytest.approx(expected)


@pytest.mark.parametrize(
    "name", ["k_means", "mini_batch_k_means", "bisecting_k_means", "gaussian_mixture"]
)
def test_every_algorithm_predicts_new_rows(name: str) -> None:
    number = "n_components" if name == "gaussian_mixture" else "n_clusters"
    entry = {"algorithm": name, "params": {number: 4}}
    db, payload = train(ROWS, algorithms=json.dumps([entry]))
    result = list(predict(db, "a model", "q", None))
    assert {label for _, label, _, _ in result} == {"0", "1", "2", "3"}
    for _, label, score, shares in result:
        if name == "gaussian_mixture":
            assert json.loads(shares)[label] == score
        else:
            assert shares is None
            assert score >= 0
    sizes = [c["train"] + c["test"] for c in payload["version"]["classes"]]
    assert sizes == np.bincount([int(label) for _, label, _, _ in result]).tolist()
    assert payload["importances"][-1]["feature"] == "noise"
    assert payload["importances"][0]["metric"] == "same_cluster"


def test_distances_are_measured_from_own_centre() -> None:
    db, _ = train(PLAIN, algorithms='[{"algorithm": "bisecting_k_means"}]')
    model = unpack(db.artifacts[0])
    matrix = POINTS[:9]
    space = model.pipeline[:-1].transform(matrix)
    centres = model.pipeline[-1].cluster_centers_[model.pipeline.predict(matrix)]
    result = [score for _, _, score, _ in predict(db, "a model", "q", None)][:9]
    np.testing.assert_allclose(result, np.linalg.norm(space - centres, axis=1))


def test_iris_has_two_clusters() -> None:
    rows = [dict(zip("abcd", map(float, row), strict=True)) for row in load_iris().data]
    _, payload = train(rows, key=None)
    # The known answer of the silhouette for this data: two of the three species are close.
    assert payload["version"]["params"] == {"n_clusters": 2}
    assert payload["version"]["score"] > 0.5


def test_row_order_does_not_change_result() -> None:
    assert without_times(train(ROWS)[1]) == without_times(train(ROWS[::-1])[1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": "home"}, "A clustering has no target"),
        ({"metric": "rmse"}, "no metric 'rmse' for clustering"),
        ({"algorithms": '["ridge"]'}, "ridge is no algorithm for clustering but for regression"),
        ({"algorithms": '["k_mean"]'}, "no algorithm 'k_mean' for clustering"),
    ],
)
def test_invalid_arguments_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(GlasshouseError) as caught:
        train(ROWS, **changes)
    assert message in caught.value.message
    assert caught.value.hint


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(GlasshouseError, match="4 are the least"):
        train(PLAIN[:3])
