"""Columns of lists from training to prediction, explanation and drift."""

import json
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.table import Column
from glasshouse_ml.data.item_lists import find_separator, frequent_items, split_items
from glasshouse_ml.registry.artifacts import unpack
from glasshouse_ml.use.drift import drift
from glasshouse_ml.use.explain import explain
from glasshouse_ml.use.sql_export.linear_form import NotLinear, linear_form

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn, predict

GENRES = ("drama", "comedy", "war", "film noir", "western", "kids")


def ones(values: list[str]) -> np.ndarray:
    return np.ones(len(values), int)


def combinations(separator: str, items: tuple[str, ...] = GENRES) -> list[str]:
    """Sixty different lists of one to three items."""
    rng = np.random.default_rng(5)
    lists = {separator.join(rng.permutation(items)[: rng.integers(1, 4)]) for _ in range(300)}
    return sorted(lists)[:60]


@pytest.mark.parametrize("separator", [";", "; ", "|", " | ", ", ", ","])
def test_separator_is_recognised(separator: str) -> None:
    values = combinations(separator)
    item_separator = find_separator(values, ones(values))
    assert item_separator is not None
    assert {item for value in values for item in split_items(value, item_separator)} == set(GENRES)


@pytest.mark.parametrize(
    "values",
    [
        [f"Smith{n}, Mr. John{n}" for n in range(40)],  # a name of its own in each row
        [f"{city}, France" for city in ("Paris", "Lyon", "Nice")],  # always two parts
        [f"{n},{n % 10}" for n in range(200)],  # decimal commas
        [f"{n % 7},{n:03d},{n % 9:03d}" for n in range(200)] + ["1,000"],  # thousands
        [f"Jan {n % 28 + 1}, {2000 + n % 20}" for n in range(300)],  # dates
        [f"it came late, and box {n} was torn; I want my money back" for n in range(60)],
        ["home; garden", "toys; kids"],  # categories that hold the sign
        ["red", "green", "blue"],
        [],
    ],
)
def test_other_texts_are_no_lists(values: list[str]) -> None:
    assert find_separator(values, ones(values)) is None


def test_most_frequent_items_are_learned() -> None:
    values = [f"common; rare {n}; pair {n // 2}" for n in range(300)]
    items, has_more = frequent_items(values, ones(values), ";")
    assert (items[0], len(items), has_more) == ("common", 100, True)
    assert not any(item.startswith("rare") for item in items)


def films(seed: int = 3) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(400):
        genres = rng.permutation(GENRES)[: rng.integers(1, 4)].tolist()
        text: str | None = "; ".join(genres)
        if number % 40 == 0:
            text = None if number % 80 else ""
        rows.append(
            {
                "id": f"f{number}",
                "genres": text,
                "minutes": float(rng.normal(100, 10)),
                "note": f"film {number} and so on" if number % 2 else "another film it was",
                "target": "war" in genres if text else False,
                "income": 5.0 * ("kids" in genres) + rng.normal() / 5 if text else 0.0,
            }
        )
    return rows


def trained(task: str, algorithm: str, rows: list[dict] | None = None, **options: Any) -> StandIn:
    target = {"classification": "target", "regression": "income"}[task]
    other = {"target", "income"} - {target}
    db = StandIn([{k: v for k, v in row.items() if k not in other} for row in rows or films()])
    options = {"columns": {"note": "ignore"}, **options}
    algorithms = json.dumps([algorithm])
    call(db, options, key="id", task=task, target=target, algorithms=algorithms)
    return db


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize(
    "algorithm", ["linear", "hist_gradient_boosting", "random_forest", "k_neighbors"]
)
def test_list_items_predict(task: str, algorithm: str) -> None:
    linear = "logistic_regression" if task == "classification" else "ridge"
    db = trained(task, linear if algorithm == "linear" else algorithm)
    (payload,) = db.recorded
    version = payload["version"]
    limit = 0.95 if task == "classification" else 1.0
    assert version["score"] > limit if task == "classification" else version["score"] < limit
    facts = {feature["name"]: feature for feature in version["features"]}["genres"]
    assert (facts["kind"], facts["missing"], facts["max"]) == ("list", 5, 3)
    assert min(payload["importances"], key=lambda row: row["rank"])["feature"] == "genres"
    # The stored model answers as the trained one, also for lists in another order.
    rows = list(predict(db, "a model", "select * from rows", None))
    for row in db.rows:
        if row["genres"]:
            row["genres"] = " ;".join(reversed(row["genres"].split("; ")))
    predictions = list(predict(db, "a model", "select * from rows", None))
    assert np.allclose([row[2] for row in rows], [row[2] for row in predictions])


def test_explanation_names_column_and_sums_to_prediction() -> None:
    db = trained("classification", "logistic_regression")
    rows = list(explain(db, "a model", "select * from rows", None))
    of_first = [row for row in rows if row[0] == "f1"]
    assert {row[2] for row in of_first} == {"(baseline)", "genres", "minutes"}
    score = next(row[2] for row in predict(db, "a model", "q", None) if row[0] == "f1")
    assert np.isclose(1 / (1 + np.exp(-sum(row[4] for row in of_first))), score)
    names = {row["term"] for row in db.recorded[0]["coefficients"]}
    assert {"genres has war", "genres has film noir"} <= names


def test_drift_names_new_items() -> None:
    db = trained("classification", "logistic_regression")
    for row in db.rows[:100]:
        row["genres"] = "anime; drama"
    rows = {row[1]: row for row in drift(db, "a model", "select * from rows", None)}
    assert rows["genres"][2] == "list"
    assert rows["genres"][10] == ["anime"]


def test_linear_model_with_lists_has_no_sql_expression() -> None:
    db = trained("classification", "logistic_regression")
    with pytest.raises(NotLinear):
        linear_form(unpack(db.artifacts[0]))


def test_options_set_kind_of_column() -> None:
    as_category = trained(
        "classification", "logistic_regression", columns={"genres": "category", "note": "ignore"}
    )
    kinds = [feature["kind"] for feature in as_category.recorded[0]["version"]["features"]]
    assert "list" not in kinds
    few = [{**row, "genres": ["drama;war", "kids"][n % 2]} for n, row in enumerate(films())]
    as_list = trained(
        "classification", "logistic_regression", few, columns={"genres": "list", "note": "ignore"}
    )
    facts = {f["name"]: f["kind"] for f in as_list.recorded[0]["version"]["features"]}
    assert facts["genres"] == "list"


def test_only_training_rows_teach_items() -> None:
    rows = [{**row, "part": "test" if n < 80 else "train"} for n, row in enumerate(films())]
    for row in rows[:80]:
        row["genres"] = "unseen; drama"
    db = StandIn([{k: v for k, v in row.items() if k not in ("income", "note")} for row in rows])
    call(db, key="id", split='{"by": "column", "column": "part"}')
    feature = next(f for f in unpack(db.artifacts[0]).features if f.name == "genres")
    assert set(feature.words) == set(GENRES)


def test_text_array_is_list() -> None:
    column = Column("tags", "text[]", "category", is_text_array=True)
    assert column.value(lambda name: f'"{name}"') == "array_to_string(rows.\"tags\", '; ')"
