"""Task, key, split and features that `make add` proposes for a table."""

import pytest

from scripts.add.dbt_files import DbtFiles
from scripts.add.facts import ColumnFacts
from scripts.errors import UserError

from .tables import CITY, ID, RETURNED, ROWS, SPENT, Table, column, proposal


@pytest.mark.parametrize(
    ("target", "task"),
    [
        (RETURNED, "classification"),
        (SPENT, "regression"),
        (column("grade", "integer", 5), "classification"),
        (column("grade", "integer", 21), "regression"),
        (column("half", "double precision", 2), "classification"),
        (column("grade", "text", 40), "classification"),
    ],
)
def test_task_is_inferred_from_target(target: ColumnFacts, task: str) -> None:
    assert proposal(ID, target, CITY, target=target.name).task == task


def test_amount_with_long_tail_is_learned_as_logarithm() -> None:
    salary = column("salary", "double precision", 250)
    for target, metric, has_options in ((salary, "rmsle", True), (SPENT, "rmse", False)):
        suggestion = proposal(ID, target, CITY, target=target.name, name="visits")
        model = DbtFiles(suggestion, "visits", frozenset()).render()["ml/visits.sql"]
        assert f'metric="{metric}"' in model
        assert ('options={"target_transform": "log1p"}' in model) == has_options


def test_unique_id_is_key_and_not_feature() -> None:
    result = proposal(ID, RETURNED, CITY, target="returned")
    assert (result.key, result.key_is_made) == ("visit_id", False)
    assert [feature.name for feature in result.features] == ["city"]


def test_key_is_computed_when_id_repeats_outside_sample() -> None:
    result = proposal(ID, RETURNED, CITY, unique=False, target="returned")
    assert (result.key, result.key_is_made) == ("row_id", True)
    assert "like a key" in result.left_out["visit_id"]


def test_split_uses_only_date_column() -> None:
    day = column("seen_on", "date", 200)
    assert proposal(ID, day, RETURNED, CITY, target="returned").split == {
        "by": "time",
        "column": "seen_on",
    }
    other = column("born_on", "date", 200)
    result = proposal(ID, day, other, RETURNED, CITY, target="returned")
    assert result.split == {"by": "random"}
    assert "TIME" in result.reasons["split"]


@pytest.mark.parametrize(
    ("prefix", "day", "month", "expression"),
    [
        ("sent", "day", "integer", "make_date(sent_year::int, sent_month::int, sent_day::int)"),
        ("came", "day_of_month", "text", "to_date(came_year || ' ' || came_month"),
        ("spring", "day", "text", ""),
        ("sent", "weekday", "integer", ""),
    ],
)
def test_date_in_three_columns_splits(prefix: str, day: str, month: str, expression: str) -> None:
    columns = [
        column(f"{prefix}_{part}", kind)
        for part, kind in (("year", "integer"), ("month", month), (day, "integer"))
    ]
    suggestion = proposal(ID, RETURNED, *columns, target="returned", name="visits")
    if not expression:
        assert (suggestion.split, suggestion.computed) == ({"by": "random"}, {})
        return
    assert suggestion.split == {"by": "time", "column": prefix}
    assert suggestion.computed[prefix].startswith(expression)
    files = DbtFiles(suggestion, "visits", frozenset()).render()
    assert f"as {prefix}," in files["staging/csv/stg_csv__visits.sql"]
    assert f"    {prefix}," in files["features/feat_visits__base.sql"]
    named_time = proposal(ID, RETURNED, *columns, target="returned", time=prefix)
    assert named_time.split == suggestion.split


def test_uninformative_columns_are_left_out_with_reason() -> None:
    empty, constant = column("note", distinct=0, filled=0), column("shop", distinct=1)
    result = proposal(ID, RETURNED, CITY, SPENT, empty, constant, target="returned", drop=("city",))
    assert result.left_out == {
        "city": "you named it in DROP",
        "note": "it is empty",
        "shop": "it has the same value in every row",
    }


def test_target_with_a_header_that_becomes_the_name_of_another_column() -> None:
    columns = [
        ID,
        column("a_b", "boolean", 2, header="A b"),
        column("a_b_2", "boolean", 2, header="a b"),
        column("c", "boolean", 2, header="C-"),
        column("c_2", "boolean", 2, header="C"),
    ]
    for text, name in {"A b": "a_b", "a b": "a_b_2", "a_b_2": "a_b_2", "C": "c_2"}.items():
        assert proposal(*columns, target=text).target == name
    for text in ("A  B", "C+"):
        with pytest.raises(UserError, match="means 2 columns"):
            proposal(*columns, target=text)


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"horizon": "5"}, "HORIZON means something for a forecast only"),
        ({"frequency": "day"}, "FREQUENCY means something for a forecast only"),
        ({"task": "regression"}, "TASK=regression predicts a number, and .* is boolean"),
    ],
)
def test_choices_that_do_not_fit_the_target(choices: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        proposal(ID, SPENT, RETURNED, target="returned", **choices)


def test_target_accepts_header_spelling() -> None:
    assert proposal(ID, RETURNED, SPENT, CITY, target="Spent €").target == "spent"


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({}, "column to predict is not named"),
        ({"target": "gone"}, "no such column"),
        ({"target": "returned", "task": "magic"}, "no such task"),
        ({"target": "returned", "drop": ("city", "seen_on", "score")}, "no column left"),
        ({"target": "shop"}, "nothing to predict"),
        ({"target": "returned", "time": "seen_on", "group": "city"}, "exclude one another"),
        ({"target": "retruned"}, "no such column. Do: write returned"),
        ({"target": "returned", "drop": ("Returned",)}, "TARGET and DROP both name"),
        ({"target": "returned", "key": "visit_id", "time": "visit_id"}, "KEY and TIME both name"),
        ({"target": "returned", "task": "clustering"}, "clustering has no target"),
        ({"target": "seen_on"}, "is a date"),
        ({"target": "returned", "key": "score"}, "predictions have a column of this name"),
    ],
)
def test_invalid_choice_is_refused(choices: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        columns = (column("shop", distinct=1), column("seen_on", "date"), column("score", "bigint"))
        proposal(ID, RETURNED, CITY, *columns, **choices)


def test_key_with_repeated_values_is_refused() -> None:
    with pytest.raises(UserError, match="empty in some rows, or has a value twice"):
        proposal(ID, RETURNED, CITY, unique=False, target="returned", key="visit_id")


def test_labels_in_several_columns_are_one_target() -> None:
    cold = column("cold", "bigint", 2)
    suggestion = proposal(
        ID, RETURNED, cold, CITY, target="returned, cold", task="multilabel", name="visits"
    )
    assert (suggestion.target, suggestion.metric) == ("returned, cold", "log_loss")
    assert [feature.name for feature in suggestion.features] == ["city"]
    files = DbtFiles(suggestion, "visits", frozenset(("cold",))).render()
    model = files["ml/visits.sql"]
    assert 'target="returned, cold"' in model
    assert 'where returned is not null and "cold" is not null' in model
    assert 'select features.*, labels.returned, labels."cold"\nfrom features\n' in model
    assert "predictions.probabilities" in files["predictions/pred_visits.sql"]


def test_list_of_labels_is_one_column() -> None:
    genres = column("genres", "text", 40)
    suggestion = proposal(ID, genres, CITY, target="genres", task="multilabel", name="visits")
    assert (suggestion.task, suggestion.targets) == ("multilabel", ("genres",))


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("returned,returned", "names a column twice"),
        ("returned,city", "a label is a boolean"),
        ("returned,zzz", "no such column"),
        ("returned", "holds no lists"),
        ("", "not named"),
    ],
)
def test_targets_that_are_no_labels_are_refused(target: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        proposal(ID, RETURNED, CITY, target=target, task="multilabel")


def test_candidates_of_large_table_are_compared_on_a_sample(monkeypatch) -> None:
    monkeypatch.setattr(Table, "rows", 2_000_000)
    suggestion = proposal(ID, RETURNED, CITY, target="returned", name="visits", unique=False)
    assert "sample of 200,000 rows" in suggestion.reasons["compare"]
    files = DbtFiles(suggestion, "visits", frozenset()).render()
    assert 'options={"comparison_rows": 200000, "budget_s": 120}' in files["ml/visits.sql"]
    # The computed key needs a sort of the whole table, which each reader of a view would repeat.
    assert 'config(materialized="table")' in files["staging/csv/stg_csv__visits.sql"]
    suggestion = proposal(ID, RETURNED, CITY, target="returned", name="visits")
    files = DbtFiles(suggestion, "visits", frozenset()).render()
    assert "materialized" not in files["staging/csv/stg_csv__visits.sql"]


def test_wide_table_has_no_forest_and_fewer_shuffles(monkeypatch) -> None:
    many = [column(f"x{number}", "double precision", ROWS) for number in range(400)]
    monkeypatch.setattr(Table, "rows", 4_000)
    suggestion = proposal(ID, RETURNED, *many, target="returned", name="visits")
    assert suggestion.options == {"importance_repeats": 3}
    assert "400 columns" in suggestion.reasons["compare"]
    model = DbtFiles(suggestion, "visits", frozenset()).render()["ml/visits.sql"]
    assert 'algorithms=["logistic_regression", "hist_gradient_boosting"]' in model
    monkeypatch.setattr(Table, "rows", 1_000)
    suggestion = proposal(ID, RETURNED, *many, target="returned", name="visits")
    assert suggestion.algorithms == []
