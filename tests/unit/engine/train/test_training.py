"""ml.train from end to end, with rows from memory."""

import json
import random
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data import interrupts
from glasshouse_ml.registry.artifacts import unpack
from sklearn.datasets import load_iris

from tests.unit.engine.conftest import QUICK, call
from tests.unit.engine.standin import StandIn

TIMES = {"seconds", "peak_memory_mb"}


def without_times(payload: dict[str, Any]) -> dict[str, Any]:
    """A payload without what differs from run to run."""
    version = {k: v for k, v in payload["version"].items() if k not in TIMES | {"version"}}
    candidates = [{k: v for k, v in c.items() if k not in TIMES} for c in payload["candidates"]]
    return payload | {"version": version, "candidates": candidates}


def test_training_is_recorded_completely(
    breast_cancer: list[dict], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interrupts, "PAUSE", 0.0)
    db = StandIn(breast_cancer)
    result = call(db, key="id", algorithms='["logistic_regression", "hist_gradient_boosting"]')
    (payload,) = db.recorded
    version = payload["version"]
    assert result["score"] > 0.97
    assert result["baseline"] == 0.5
    assert result["champion"]
    assert (version["rows_read"], version["rows_train"], version["rows_test"]) == (569, 456, 113)
    assert version["positive_class"] == "malignant"
    assert (
        version["classes"]
        == [
            {"class": "benign", "train": 286, "test": 71},
            {"class": "malignant", "train": 169, "test": 43},
        ]
        or sum(c["train"] + c["test"] for c in version["classes"]) == 569
    )
    assert version["lower"] <= version["score"] <= version["upper"]
    assert [f["name"] for f in version["features"]] == list(breast_cancer[0])[1:-1]
    assert [c["algorithm"] for c in payload["candidates"]] == [
        "dummy",
        "logistic_regression",
        "hist_gradient_boosting",
    ]
    assert sum(c["chosen"] for c in payload["candidates"]) == 1
    assert sum(row["n"] for row in payload["confusion"]) == 113
    assert len(payload["importances"]) == 10
    json.dumps(payload, allow_nan=False)
    # Postgres can cancel between folds, features and stages.
    assert db.checkpoints >= 3 * QUICK["folds"] + 10


def test_diagnostics_of_many_rows_use_sample(
    breast_cancer: list[dict], monkeypatch: pytest.MonkeyPatch
) -> None:
    def learned(most: int) -> dict[str, tuple[int, float]]:
        monkeypatch.setattr("glasshouse_ml.train.payload.MAX_TRAINING_ROWS_SCORED", most)
        db = StandIn(breast_cancer)
        call(db, key="id", algorithms='["logistic_regression"]')
        rows = [row for row in db.recorded[0]["metrics"] if row["split"] == "train"]
        return {row["metric"]: (row["n"], row["value"]) for row in rows}

    full_results, partial_results = learned(456), learned(300)
    assert {n for n, _ in full_results.values()} == {456}
    assert {n for n, _ in partial_results.values()} == {300}
    assert partial_results["roc_auc"][1] == pytest.approx(full_results["roc_auc"][1], abs=0.01)
    assert learned(300) == partial_results


def test_row_order_does_not_change_result(mixed: list[dict]) -> None:
    payloads = []
    for seed in (None, 1, 2):
        rows = list(mixed)
        if seed is not None:
            random.Random(seed).shuffle(rows)
        db = StandIn(rows, raw=seed != 2)
        call(db, algorithms='["logistic_regression", "hist_gradient_boosting"]')
        payloads.append(without_times(db.recorded[0]))
    assert payloads[0] == payloads[1] == payloads[2]


def test_uninformative_columns_are_left_out_with_reason(mixed: list[dict]) -> None:
    rows = [{**row, "thing": {"a": 1}} for row in mixed]
    db = StandIn(rows)
    call(db)
    excluded = {e["name"]: e["reason"] for e in db.recorded[0]["version"]["excluded"]}
    assert set(excluded) == {"id", "same", "empty", "thing"}
    assert "as a key has" in excluded["id"]
    assert "same value" in excluded["same"]
    assert "NULL in every" in excluded["empty"]
    assert "jsonb" in excluded["thing"]


def test_preprocessing_uses_training_rows_only(mixed: list[dict]) -> None:
    """The test part is made to ruin any mean, scale or category that is learned from it."""
    models = []
    for amount, colour in ((1.0, "red"), (1e6, "never seen in training")):
        rows = []
        for number, row in enumerate(mixed):
            testing = number % 4 == 0
            changes = {"amount": amount, "colour": colour} if testing else {}
            rows.append({**row, **changes, "part": "test" if testing else "train"})
        db = StandIn(rows)
        for algorithm in ("logistic_regression", "hist_gradient_boosting"):
            call(
                db,
                algorithms=json.dumps(algorithm),
                split='{"by": "column", "column": "part"}',
            )
        model_list = [unpack(content) for content in db.artifacts]
        matrix = np.array([[0.5, 0.0, 1.0], [np.nan, 1.0, 0.0], [-2.0, 2.0, np.nan]])
        models.append(
            [p["candidates"][1]["fold_scores"] for p in db.recorded]
            + [model.pipeline.predict_proba(matrix).tolist() for model in model_list]
            + [model.features for model in model_list]
        )
    assert models[0] == models[1]


def test_multiclass_training() -> None:
    data = load_iris()
    rows = [
        {"a": row[0], "b": row[1], "c": row[2], "d": row[3], "target": int(label) * 5}
        for row, label in zip(data.data.tolist(), data.target, strict=True)
    ]
    db = StandIn(rows)
    result = call(db, algorithms=None)
    version = db.recorded[0]["version"]
    assert result["metric"] == "log_loss"
    assert result["score"] < 0.3 < result["baseline"]
    assert [c["class"] for c in version["classes"]] == ["0", "5", "10"]
    assert version["positive_class"] is None
    overall_curves = ("learning", "score_overall")  # drawn for all classes at once
    curves = [c for c in db.recorded[0]["curves"] if c["curve"] not in overall_curves]
    assert {c["series"] for c in curves} == {"0", "5", "10"}
    assert len(db.recorded[0]["confusion"]) == 9


def test_rows_without_target_are_left_out_and_counted(mixed: list[dict]) -> None:
    rows = [{**row, "target": None} if n < 30 else row for n, row in enumerate(mixed)]
    db = StandIn(rows[::-1])
    call(db)
    version = db.recorded[0]["version"]
    assert version["rows_read"] == 400
    assert version["rows_train"] + version["rows_test"] == 370
    assert version["split"]["rows_without_target"] == 30
    assert sum("30 rows without a target" in notice for notice in db.notices) == 1


def test_unchanged_request_trains_nothing(mixed: list[dict]) -> None:
    options = '{"retrain": "if_changed", "bootstrap": 0, "importance_repeats": 0}'
    db = StandIn(mixed)
    first = call(db, options=options)
    second = call(db, options=options)
    assert (first["version"], second["version"], len(db.recorded)) == (1, 1, 1)
    db.rows = mixed[:-1]
    assert call(db, options=options)["version"] == 2
    other = '{"retrain": "if_changed", "bootstrap": 0, "importance_repeats": 0, "seed": 1}'
    assert call(db, options=other)["version"] == 3


def test_best_candidate_is_chosen_by_metric(mixed: list[dict]) -> None:
    for metric in ("roc_auc", "log_loss"):
        db = StandIn(mixed)
        call(
            db,
            metric=metric,
            algorithms='[{"algorithm": "logistic_regression", "params": {"C": 1e-9}},'
            ' "logistic_regression", "dummy"]',
        )
        winner = next(c for c in db.recorded[0]["candidates"] if c["chosen"])
        scores = [c["score"] for c in db.recorded[0]["candidates"][1:]]
        assert winner["score"] == (max(scores) if metric == "roc_auc" else min(scores))


def test_positive_class_is_recorded(mixed: list[dict]) -> None:
    for positive_class, expected in ((None, "true"), ("false", "false")):
        db = StandIn(mixed)
        options = {"bootstrap": 0, "importance_repeats": 0, "positive_class": positive_class}
        call(db, options=json.dumps(options))
        assert db.recorded[0]["version"]["positive_class"] == expected


def test_class_weights_use_class_names(mixed: list[dict]) -> None:
    shares = []
    for weight in (1, 20):
        db = StandIn(mixed)
        params = {"class_weight": {"true": weight, "false": 1}}
        entry = {"algorithm": "logistic_regression", "params": params}
        call(db, algorithms=json.dumps([entry]))
        confusion = db.recorded[0]["confusion"]
        shares.append(sum(row["n"] for row in confusion if row["predicted"] == "true"))
        assert db.recorded[0]["version"]["params"] == params
    assert shares[0] < shares[1]
    params = {"class_weight": {"treu": 1}}
    with pytest.raises(GlasshouseError, match="names 'treu'") as caught:
        call(db, algorithms=json.dumps([{"algorithm": "random_forest", "params": params}]))
    assert "true" in caught.value.hint


@pytest.mark.parametrize(
    ("rows", "changes", "message"),
    [
        ([], {}, "no column 'target'"),
        ([{"a": 1.0, "target": None}], {}, "'target' is NULL in every row"),
        ([{"a": 1.0, "target": "x"}] * 9, {}, "one value only: 'x'"),
        ([{"a": 1.0, "target": "x"}, {"a": 1.0, "target": "y"}], {}, "The test part has no row"),
        ([{"a": float(n), "target": n} for n in range(300)], {}, "300 different values"),
        ([{"a": 1.0, "target": n % 2} for n in range(50)], {}, "No column is left"),
        ([{"a": n, "target": n % 2} for n in range(9)], {"target": "tarket"}, "no column 'tarket'"),
        ([{"a": n, "target": n % 2} for n in range(9)], {"key": "b"}, "named as key"),
        ([{"a": n, "target": n % 2} for n in range(9)], {"key": "target"}, "both target and key"),
        (
            [{"a": n, "k": None if n == 3 else "k", "target": n % 2} for n in range(50)],
            {"key": "k"},
            "Key column 'k' holds NULL",
        ),
        (
            [{"a": np.inf if n == 3 else float(n), "target": n % 2} for n in range(50)],
            {},
            "'a' holds infinite",
        ),
        (
            [{"a": n, "t": "x", "target": n % 2} for n in range(50)],
            {"split": '{"by": "time", "column": "t"}'},
            "no order in time",
        ),
        (
            [{"a": n, "target": n % 2} for n in range(50)],
            {"options": '{"positive_class": "2"}'},
            "No row has the positive class '2'",
        ),
        (
            [{"a": n, "target": n % 2} for n in range(50)],
            {"algorithms": '[{"algorithm": "logistic_regression", "params": {"C": -1}}]'},
            "logistic_regression could not be trained: The 'C' parameter",
        ),
    ],
)
def test_invalid_arguments_are_refused(rows: list[dict], changes: dict, message: str) -> None:
    db = StandIn(rows)
    with pytest.raises(GlasshouseError) as caught:
        call(db, **changes)
    assert message in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.hint
    assert not db.recorded


@pytest.mark.parametrize(
    ("algorithm", "params", "message"),
    [
        ("decision_tree", {"class_weight": [1]}, "could not be trained: list index out of range"),
        ("random_forest", {"n_estimators": 2, "monotonic_cst": {}}, "could not be trained"),
        ("bagging", {"estimator": True}, "could not be trained"),
        ("linear_discriminant_analysis", {"shrinkage": True}, "could not be trained: shrinkage"),
        ("k_neighbors", {"n_neighbors": None}, "could not predict"),
        ("gaussian_nb", {"var_smoothing": 1e308}, "predicts NaN or infinity"),
    ],
)
def test_library_errors_are_one_line(
    mixed: list[dict], algorithm: str, params: dict, message: str
) -> None:
    """Refused by whatever it stumbles over, but in one line; nothing is recorded."""
    db = StandIn(mixed)
    with pytest.raises(GlasshouseError) as caught:
        call(db, algorithms=json.dumps([{"algorithm": algorithm, "params": params}]))
    assert caught.value.message.startswith(f"{algorithm} ")
    assert message in caught.value.message
    assert not db.recorded


def test_regression_with_empty_folds_is_refused(mixed: list[dict]) -> None:
    db = StandIn([{**row, "target": row["amount"] or 0.0} for row in mixed])
    entry = '[{"algorithm": "lars_cv", "params": {"cv": []}}]'
    with pytest.raises(GlasshouseError, match="lars_cv could not be trained: StopIteration"):
        call(db, task="regression", algorithms=entry)


def test_single_penalty_list_is_accepted(mixed: list[dict]) -> None:
    db = StandIn([{**row, "target": row["amount"] or 0.0} for row in mixed])
    call(db, task="regression", algorithms='[{"algorithm": "ridge", "params": {"alpha": [2]}}]')
    assert len(db.recorded[0]["coefficients"]) > 1


def test_memory_error_names_option(mixed: list[dict], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any) -> None:
        raise MemoryError("Unable to allocate 7.45 GiB")

    db = StandIn(mixed)
    for place in ("model.fitting.build_pipeline", "data.column_buffer._joined"):
        with monkeypatch.context() as patch:
            patch.setattr(f"glasshouse_ml.{place}", full)
            with pytest.raises(GlasshouseError, match="no memory left") as error:
                call(db)
        assert "memory_mb" in error.value.hint and not db.recorded


def test_column_empty_in_fold_is_left_out_there() -> None:
    """Forward in time, the first folds know nothing of a column that begins later."""
    rng = random.Random(0)
    rows = [
        {"day": float(day), "a": day % 9, "late": float(day % 5) if day > 250 else None}
        for day in range(600)
    ]
    rows = [{**row, "target": row["a"] + rng.random()} for row in rows]
    db = StandIn(rows)
    names = ["hist_gradient_boosting", "ridge", "random_forest", "gradient_boosting"]
    call(
        db,
        task="regression",
        algorithms=json.dumps(names),
        split='{"by": "time", "column": "day"}',
    )
    candidates = db.recorded[0]["candidates"]
    assert [c["algorithm"] for c in candidates] == ["dummy", *names, "last_value"]
    assert {c["error"] for c in candidates} == {None}


def test_failed_candidate_is_recorded_and_others_continue(mixed: list[dict]) -> None:
    db = StandIn(mixed)
    candidate = {"algorithm": "logistic_regression", "params": {"solver": "no such solver"}}
    call(db, key="id", algorithms=json.dumps([candidate, "decision_tree"]))
    failed, winner = db.recorded[0]["candidates"][1:]
    assert (failed["score"], failed["fold_scores"], failed["chosen"]) == (None, [], False)
    assert failed["error"].startswith("logistic_regression could not be trained: ")
    assert winner["chosen"]
    assert winner["error"] is None
    assert any("Candidate 1 failed." in notice for notice in db.notices)


def test_error_of_all_candidates_lists_reasons(mixed: list[dict]) -> None:
    candidates = [
        {"algorithm": "logistic_regression", "params": {"solver": "no such solver"}},
        {"algorithm": "decision_tree", "params": {"criterion": "no such criterion"}},
    ]
    with pytest.raises(GlasshouseError, match=r"logistic_regression.*decision_tree") as caught:
        call(StandIn(mixed), key="id", algorithms=json.dumps(candidates))
    assert caught.value.hint


def test_cancel_is_not_candidate_failure(
    mixed: list[dict], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Cancelled(StandIn):
        def check_interrupts(self) -> None:
            super().check_interrupts()
            if self.checkpoints > 30:
                raise GlasshouseError("canceling statement", "", "57014")

    monkeypatch.setattr(interrupts, "PAUSE", 0.0)
    db = Cancelled(mixed)
    with pytest.raises(GlasshouseError, match=r"^canceling statement$"):
        call(db, key="id", algorithms='["logistic_regression", "random_forest", "decision_tree"]')
    assert not db.recorded


def test_rows_in_the_gap_are_neither_learned_nor_tested() -> None:
    rows = [
        {
            "day": date(2024, 1, 1) + timedelta(days=number // 2),
            "x": float(number % 7),
            "target": None if number < 4 else (number * 7 % 11 > 5),
        }
        for number in range(204)
    ]
    db = StandIn(rows)
    call(db, split='{"by": "time", "column": "day", "gap": "1 week"}')
    version = db.recorded[0]["version"]
    split = version["split"]
    assert (split["gap"], split["rows_in_gap"], split["rows_without_target"]) == ("7 days", 12, 4)
    assert version["rows_train"] + version["rows_test"] + 12 + 4 == version["rows_read"] == 204
    with pytest.raises(GlasshouseError, match=r"The gap is 7, and column 'day' is of type date"):
        call(StandIn(rows), split='{"by": "time", "column": "day", "gap": 7}')
