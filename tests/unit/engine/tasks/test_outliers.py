"""Outliers: flags and scores equal scikit-learn's, with and without labels."""

import json
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.model.algorithms import CATALOGUE
from glasshouse_ml.registry.artifacts import unpack
from glasshouse_ml.tasks.outliers import METRICS, UNLABELLED, OutlierScores
from glasshouse_ml.use.evaluate import evaluate
from sklearn.base import OutlierMixin
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.utils import all_estimators

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn, predict

RNG = np.random.default_rng(3)


def _row(number: int) -> dict[str, Any]:
    """Columns a and b sum up to c, except in every twentieth row."""
    first, second, noise = map(float, RNG.normal(size=3))
    is_outlier = number % 20 == 0
    total = first + second + noise / 5
    return {
        "id": number,
        "a": first,
        "b": None if number % 17 == 3 else second,
        "c": 5.0 - total if is_outlier else total,
        "colour": ["red", "blue"][number % 2],
        "fraud": "yes" if is_outlier else "no",
        "part": "test" if number % 3 == 0 else "train",
    }


ROWS = [_row(number) for number in range(1, 401)]
PLAIN = [{k: v for k, v in row.items() if k not in ("fraud", "part")} for row in ROWS]


def train(rows: list[dict], **changes: Any) -> tuple[StandIn, dict[str, Any]]:
    db = StandIn(rows)
    arguments = {"task": "outliers", "target": None, "key": "id", "algorithms": None, **changes}
    call(db, **arguments)
    return db, db.recorded[-1]


def test_all_detectors_are_in_catalogue() -> None:
    expected = {name for name, kind in all_estimators() if issubclass(kind, OutlierMixin)}
    names = {a.estimator.__name__ for a in CATALOGUE["outliers"].values() if not a.is_baseline}
    assert names == expected


@pytest.mark.parametrize("algorithm", [None, *CATALOGUE["outliers"]])
@pytest.mark.parametrize("target", ["fraud", None])
def test_every_detector_trains_and_predicts(algorithm: str, target: str | None) -> None:
    if algorithm is None:
        algorithms = None
    else:
        few = {"n_estimators": 20} if algorithm == "isolation_forest" else {}
        algorithms = json.dumps([{"algorithm": algorithm, "params": few}])
    quick = '{"folds": 2, "bootstrap": 0, "importance_repeats": 1}'
    rows = ROWS if target else PLAIN
    db, payload = train(rows, target=target, algorithms=algorithms, options=quick)
    version = payload["version"]
    assert version["metric"] == ("average_precision" if target else "permutation_auc")
    assert version["score"] is not None
    assert version["baseline"] == (0.05 if target else 0.5)
    predictions = list(predict(db, "a model", "q", None))
    for _, word, score, probabilities in predictions:
        assert word == ("outlier" if score > 0 else "normal")
        assert probabilities is None
    expected = ["no", "yes"] if target else ["normal", "outlier"]
    assert [entry["class"] for entry in version["classes"]] == expected
    assert version["positive_class"] == expected[1]
    if target is None:
        outlier_count = sum(word == "outlier" for _, word, *_ in predictions)
        counts = version["classes"][1]
        assert counts["train"] + counts["test"] == outlier_count
    json.dumps(payload, allow_nan=False)


def test_flags_scores_and_metrics_equal_scikit_learn() -> None:
    rows = [{k: row[k] for k in ("id", "a", "c", "fraud", "part")} for row in ROWS]
    db, payload = train(
        rows,
        target="fraud",
        algorithms='[{"algorithm": "isolation_forest", "params": {"n_estimators": 40}}]',
        split='{"by": "column", "column": "part"}',
        options='{"contamination": 0.1, "bootstrap": 0, "importance_repeats": 0}',
    )
    model = unpack(db.artifacts[0])
    matrix = np.array([[row["a"], row["c"]] for row in ROWS])
    fraud = np.array([row["fraud"] == "yes" for row in ROWS])
    training = np.array([row["part"] == "train" for row in ROWS])
    # In the order in which the engine stands its rows, which decides what a seeded forest draws.
    inside = model.pipeline[-1]
    outside = IsolationForest(contamination=0.1, random_state=0)
    outside.set_params(**{k: v for k, v in inside.get_params().items() if k == "n_estimators"})
    outside.fit(matrix[training])
    predictions = {int(k): (w, s) for k, w, s, _ in predict(db, "a model", "q", None)}
    scores = np.array([predictions[row["id"]][1] for row in ROWS])
    np.testing.assert_array_equal(scores > 0, inside.predict(matrix) == -1)
    np.testing.assert_allclose(scores, -inside.decision_function(matrix))
    assert (scores[training] > 0).mean() == pytest.approx(0.1, abs=0.01)
    assert np.corrcoef(scores, -outside.decision_function(matrix))[0, 1] > 0.9
    result = {m["metric"]: m["value"] for m in payload["metrics"] if m["split"] == "test"}
    baseline = payload["version"]["baseline"]
    test = ~training
    metrics = {
        m["metric"]: m["value"]
        for m in payload["metrics"]
        if (m["split"], m["series"]) == ("test", "model")
    }
    assert set(metrics) == set(METRICS) == set(result)
    assert metrics["roc_auc"] == pytest.approx(roc_auc_score(fraud[test], scores[test]))
    precision = average_precision_score(fraud[test], scores[test])
    assert metrics["average_precision"] == pytest.approx(precision) == payload["version"]["score"]
    assert baseline == pytest.approx(fraud[test].mean())
    cells = {(c["actual"], c["predicted"]): c["n"] for c in payload["confusion"]}
    assert cells["yes", "yes"] == int((fraud & (scores > 0))[test].sum())
    assert sum(cells.values()) == test.sum()
    curves = {curve["curve"] for curve in payload["curves"]}
    assert curves == {"roc", "precision_recall", "gain", "outlier_score", "score_overall"}
    evaluation = {
        name: (value, base) for name, value, _, _, base, _ in evaluate(db, "a model", "q", 1)
    }
    assert evaluation["roc_auc"][0] == pytest.approx(roc_auc_score(fraud, scores))
    assert evaluation["roc_auc"][1] == 0.5


def test_permutation_auc_equals_pairwise_count() -> None:
    """Counted pair by pair."""
    scores, chance = np.array([0.0, 1.0, 2.0, 2.0]), np.array([1.0, 2.0, 3.0])
    pairs = [(c > s) + (c == s) / 2 for s in scores for c in chance]
    assert UNLABELLED["permutation_auc"].value(OutlierScores(scores, chance)) == np.mean(pairs)


def test_independent_columns_have_permutation_auc_one_half() -> None:
    rng = np.random.default_rng(1)
    rows = [
        {"id": n, "a": float(a), "b": float(b)} for n, (a, b) in enumerate(rng.random((800, 2)))
    ]
    _, payload = train(rows, algorithms='["local_outlier_factor"]')
    assert payload["version"]["score"] == pytest.approx(0.5, abs=0.06)
    _, payload = train(
        [{**row, "b": row["a"]} for row in rows], algorithms='["local_outlier_factor"]'
    )
    assert payload["version"]["score"] > 0.9


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metric": "roc_auc"}, "roc_auc compares outliers with labels"),
        ({"target": "colour", "metric": "rmse"}, "no metric 'rmse' for outliers"),
        ({"target": "part", "split": '{"by": "key"}'}, "no column 'part'"),
        ({"target": "a"}, "holds 400 different values"),
        ({"options": '{"contamination": 0.7}'}, "options.contamination is 0.7"),
        ({"task": "clustering", "options": '{"contamination": 0.1}'}, "means nothing for clust"),
    ],
)
def test_invalid_arguments_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(GlasshouseError) as caught:
        train(PLAIN, **changes)
    assert message in caught.value.message
    assert caught.value.hint
