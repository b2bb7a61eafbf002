"""A column of free text from training to prediction, explanation, drift and profile."""

import json
from itertools import groupby
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.registry.artifacts import unpack
from glasshouse_ml.use.drift import drift
from glasshouse_ml.use.drift_rows import COLUMNS as DRIFT_COLUMNS
from glasshouse_ml.use.explain import explain
from glasshouse_ml.use.profile import COLUMNS, profile
from glasshouse_ml.use.sql_export.linear_form import NotLinear, linear_form

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn, predict

GOOD = ["sturdy", "lovely", "quick", "fits", "perfekt", "很好", "😀"]
BAD = ["broken", "late", "refund", "torn", "kaputt", "坏了", "😡"]
PLAIN = ["the", "kettle", "box", "came", "with", "a", "blue", "lid", "and", "paper"]
QUICK = {"bootstrap": 0, "importance_repeats": 1, "folds": 2, "learning_curve": 0, "dependence": 2}


def review(rng: np.random.Generator, is_good: bool) -> str:
    words = rng.choice(PLAIN, rng.integers(4, 9)).tolist()
    likely, unlikely = (GOOD, BAD) if is_good else (BAD, GOOD)
    words += rng.choice(likely, 2).tolist()
    words += rng.choice(unlikely, 1).tolist() if rng.random() < 0.3 else []
    return " ".join(rng.permutation(words)) + rng.choice([".", "!", " !!", ""])


@pytest.fixture(scope="module")
def reviews() -> list[dict[str, Any]]:
    """Texts in several languages beside a number and a category, some of them missing or empty."""
    rng = np.random.default_rng(21)
    rows = []
    for number in range(240):
        is_good = bool(rng.random() < 0.5)
        text: str | None = review(rng, is_good)
        if number % 25 == 0:
            text = None if number % 50 else ""
        stars = 3 + (1 if is_good else -1) * float(rng.random() < 0.3) + rng.normal() / 2
        channel = str(rng.choice(["web", "shop"]))
        rows.append(
            {
                "id": f"r{number}",
                "message": text,
                "stars": float(stars),
                "channel": channel,
                "target": is_good,
                "amount": 3.0 * is_good + rng.normal(),
            }
        )
    return rows


def train(rows: list[dict], algorithms: str = "logistic_regression", **changes: Any) -> StandIn:
    db = StandIn([{k: v for k, v in row.items() if k != "amount"} for row in rows])
    options = {**QUICK, **changes.pop("options", {})}
    call(db, key="id", algorithms=json.dumps([algorithms]), options=options, **changes)
    return db


def excluded_columns(db: StandIn) -> dict[str, str]:
    return {entry["name"]: entry["reason"] for entry in db.recorded[-1]["version"]["excluded"]}


@pytest.mark.parametrize("algorithm", ["logistic_regression", "hist_gradient_boosting"])
def test_text_predicts_target(reviews: list[dict], algorithm: str) -> None:
    db = train(reviews, algorithm)
    (payload,) = db.recorded
    assert payload["version"]["score"] > 0.93
    assert payload["version"]["excluded"] == []
    first = min(payload["importances"], key=lambda row: row["rank"])
    assert first["feature"] == "message"
    facts = {feature["name"]: feature for feature in payload["version"]["features"]}["message"]
    assert (facts["kind"], facts["rows"], facts["missing"]) == ("text", 240, 5)
    assert 4 <= facts["min"] + 4 <= facts["median"] <= facts["max"]
    bins = [row for row in payload["distributions"] if row["feature"] == "message"]
    assert sum(row["n"] for row in bins) == 240
    assert {row["bin_type"] for row in bins} == {"range", "missing"}
    json.dumps(payload, allow_nan=False)


def test_training_is_deterministic_and_ignores_test_part(reviews: list[dict]) -> None:
    def scores(algorithm: str, text: str | None) -> np.ndarray:
        rows = [{**row, "part": "test" if n % 4 == 0 else "train"} for n, row in enumerate(reviews)]
        for row in rows:
            if text and row["part"] == "test":
                row["message"] = text
        split = '{"by": "column", "column": "part"}'
        db = train(rows, algorithm, split=split)
        db.rows = reviews[:40]
        return np.array([row[2] for row in predict(db, "a model", "q", None)])

    for algorithm in ("logistic_regression", "decision_tree"):
        before = scores(algorithm, None)
        np.testing.assert_array_equal(before, scores(algorithm, None))
        np.testing.assert_array_equal(before, scores(algorithm, "zebra zebra quagga tapir"))


def test_terms_with_largest_coefficients_are_recorded(reviews: list[dict]) -> None:
    rows = train(reviews).recorded[0]["coefficients"]
    by_term = {row["term"]: row for row in rows}
    assert by_term["message has lovely"]["estimate"] > 0 > by_term["message has kaputt"]["estimate"]
    of_text = [row for row in rows if row["feature"] == "message"]
    assert 0 < len(of_text) <= 100
    assert {"stars", "channel = web"} <= set(by_term)
    assert sorted(row["rank"] for row in rows) == list(range(1, len(rows) + 1))


@pytest.mark.parametrize("top", [None, 3])
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_word_contributions_sum_to_prediction(
    reviews: list[dict], task: str, top: int | None
) -> None:
    if task == "classification":
        db = train(reviews)
    else:
        rows = [{k: v for k, v in row.items() if k != "target"} for row in reviews]
        db = StandIn(rows)
        call(db, task=task, target="amount", key="id", algorithms='["ridge"]', options=QUICK)
    db.rows = [
        *reviews[:60],
        {**reviews[1], "id": "new", "message": "KAPUTT!! kaputt, zzzz", "stars": None},
    ]
    result = {
        key: list(rows) for key, rows in groupby(explain(db, "a model", "q", top), lambda r: r[0])
    }
    scores = {row[0]: row[2] for row in predict(db, "a model", "q", None)}
    for key, rows in result.items():
        total = sum(row[4] for row in rows)
        expected = scores[key]
        if task == "classification":
            expected = np.log(expected / (1 - expected))
        assert total == pytest.approx(expected, abs=1e-9)
        assert [row[1] for row in rows] == list(range(len(rows)))
    if top is None:
        words = {row[3]: row[4] for row in result["new"] if row[2] == "message"}
        assert min(words, key=words.__getitem__) == "kaputt"
        assert words["kaputt"] < 0
        assert "KAPUTT" not in words
        # A text that is missing has one part.
        assert [row[3] for row in result["r25"] if row[2] == "message"] == [None]
    assert all(notice.startswith("Predictions by dbt follow") for notice in db.notices)


@pytest.mark.parametrize("algorithm", ["decision_tree", "hist_gradient_boosting", "k_neighbors"])
def test_nonlinear_models_explain_text_as_whole(reviews: list[dict], algorithm: str) -> None:
    db = train(reviews, algorithm)
    db.rows = reviews[:12]
    result = list(explain(db, "a model", "q", None))
    assert sum(row[2] == "message" for row in result) == 12
    assert next(row[3] for row in result if row[2] == "message" and row[3]) == reviews[1]["message"]
    totals = {key: sum(r[4] for r in rows) for key, rows in groupby(result, lambda r: r[0])}
    scores = {row[0]: row[2] for row in predict(db, "a model", "q", None)}
    if algorithm == "hist_gradient_boosting":
        scores = {key: np.log(p / (1 - p)) for key, p in scores.items()}
    assert totals == pytest.approx(scores, abs=1e-9)
    assert [n for n in db.notices if "'message' is explained as a whole" in n]


@pytest.mark.parametrize(
    "option",
    [
        {"calibration": "sigmoid"},
        {"group_by": "channel"},
        {"class_weight": "balanced"},
        {"monotonic": {"stars": 1}},
        {"search": {"how": "random", "iterations": 2}},
    ],
)
def test_options_work_with_text(reviews: list[dict], option: dict[str, Any]) -> None:
    algorithm = "hist_gradient_boosting" if "monotonic" in option else "logistic_regression"
    db = train(reviews, algorithm, options=option)
    assert db.recorded[0]["version"]["score"] > 0.9
    db.rows = reviews[:5]
    assert len(list(explain(db, "a model", "q", 2))) == 5 * 4


def test_options_set_kind_of_column(reviews: list[dict]) -> None:
    rows = [
        {**row, "code": f"{'ok' if row['target'] else 'no'}-{n}"} for n, row in enumerate(reviews)
    ]
    db = train(rows)
    assert "as a key has" in excluded_columns(db)["code"]
    db = train(rows, options={"columns": {"code": "text", "message": "ignore"}})
    assert excluded_columns(db) == {"message": "options.columns leaves it out."}
    assert db.recorded[0]["version"]["score"] > 0.99
    db = train(rows, options={"columns": {"code": "category", "message": "category"}})
    kinds = {f["name"]: f["kind"] for f in db.recorded[0]["version"]["features"]}
    assert kinds == {"code": "category", "message": "category", "stars": "number",
                     "channel": "category"}  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"mesage": "text"}, "names 'mesage', which is no feature"),
        ({"stars": "text"}, "it is of type double precision"),
        ({"message": "words"}, "gives 'message' \"words\""),
        (["message"], r'options.columns is \["message"\]'),
    ],
)
def test_invalid_column_options_are_refused(
    reviews: list[dict], columns: Any, message: str
) -> None:
    with pytest.raises(GlasshouseError, match=message):
        train(reviews, options={"columns": columns})


def test_texts_without_common_word_are_left_out(reviews: list[dict]) -> None:
    rng = np.random.default_rng(4)
    alphabet = list("abcdefghijklmnopqrstuvwxyz")

    def unique(_: int) -> str:
        return " ".join("".join(rng.choice(alphabet, 14)) for _ in range(5))

    rows = [{**row, "message": unique(n)} for n, row in enumerate(reviews)]
    assert excluded_columns(train(rows))["message"] == "No word of its texts is in 2 training rows."
    # Sentences without spaces have pieces in common.
    texts = ("包裹{}破损了我要退款谢谢", "快递{}很快就到了非常满意")
    sentences = [
        {**row, "message": texts[row["target"]].format(n)} for n, row in enumerate(reviews)
    ]
    assert train(sentences).recorded[0]["version"]["score"] > 0.99
    # One pair of rows has a word in common, so most folds have no word to learn.
    for row in rows[100:102]:
        row["message"] += " pangolin"
    for algorithm in ("logistic_regression", "decision_tree"):
        assert "message" not in excluded_columns(train(rows, algorithm))


def test_drift_of_text(reviews: list[dict]) -> None:
    db = train(reviews)

    def of_message() -> dict[str, Any]:
        rows = [
            dict(zip(DRIFT_COLUMNS, row, strict=True)) for row in drift(db, "a model", "q", None)
        ]
        return next(row for row in rows if row["feature"] == "message")

    same = of_message()
    assert (same["kind"], same["rows"], same["verdict"]) == ("text", 240, "as in training")
    assert same["psi"] == pytest.approx(0, abs=1e-12)
    assert (same["new_share"], same["new_categories"]) == (0.0, [])
    db.rows = [
        {**row, "message": "postage stamps " * 20 + "kettle" if row["message"] else None}
        for row in db.rows
    ]
    drift_row = of_message()
    assert drift_row["verdict"] == "retrain"
    assert drift_row["new_share"] == pytest.approx(40 / 41)
    assert sorted(drift_row["new_categories"]) == ["postage", "stamps"]


def test_profile_of_text(reviews: list[dict]) -> None:
    db = StandIn(reviews)
    rows = {row[0]: dict(zip(COLUMNS, row, strict=True)) for row in profile(db, "p", "q")}
    facts = rows["message"]
    assert (facts["kind"], facts["rows"], facts["missing"]) == ("text", 240, 5)
    assert facts["min"] == 0
    assert 5 < facts["median"] < facts["max"] < 20
    assert rows["channel"]["kind"] == "category"
    assert rows["id"]["kind"] == "category"
    bins = [row for row in db.profiles[0]["profile_bins"] if row["column_name"] == "message"]
    assert sum(row["n"] for row in bins) == 240
    assert {row["bin_type"] for row in bins} == {"range", "missing"}


def test_text_model_has_no_linear_form(reviews: list[dict]) -> None:
    with pytest.raises(NotLinear):
        linear_form(unpack(train(reviews).artifacts[0]))
