"""Properties of each kind of split."""

import json
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.split import Split
from glasshouse_ml.model.splitters import RandomSplitter, StratifiedSplitter
from glasshouse_ml.model.splitting import split_rows
from glasshouse_ml.train.request import parse_request

from tests.unit.engine.data.test_row_reader import read

ROWS = [
    {
        "id": f"customer {number % 150}",
        "at": number // 3,
        "shop": f"shop {number % 12}",
        "part": "test" if number % 4 == 0 else "train",
        "y": "yes" if number % 5 == 0 else "no",
    }
    for number in range(300)
]
GROUPED = {"by": "group", "column": "shop"}
LONE = [{**row, "id": f"customer {number}"} for number, row in enumerate(ROWS)]


def split(rows: list[dict], by: dict[str, Any] | None = None, **options: Any) -> Split:
    key = options.pop("key", None)
    request = parse_request(
        "m", "q", "classification", "y", key, None, None, json.dumps(by or {}), json.dumps(options)
    )
    table = read(rows)
    return split_rows(table, StratifiedSplitter(table.texts["y"].codes, ["no", "yes"]), request)


def values(rows: list[dict], name: str, positions: np.ndarray) -> list[Any]:
    return [rows[position][name] for position in positions]


def test_random_split_is_stratified_and_seeded() -> None:
    one, same, other = split(LONE), split(LONE), split(LONE, seed=1)
    assert values(LONE, "y", one.test).count("yes") == 12  # a fifth of 60
    assert len(one.test) == 60
    np.testing.assert_array_equal(one.test, same.test)
    assert set(one.test) != set(other.test)


def test_each_row_is_in_one_part_and_one_fold() -> None:
    for by in ({}, {"by": "key"}, {"by": "group", "column": "shop"}):
        result = split(LONE, by, key="id")
        assert sorted([*result.train, *result.test]) == list(range(300))
        positions = np.concatenate([validate for _, validate in result.folds])
        assert sorted(positions) == list(range(len(result.train)))
        assert all(not set(fit) & set(validate) for fit, validate in result.folds)


def test_rows_of_one_key_stay_together_in_random_split() -> None:
    result = split(ROWS, key="id")
    assert not set(values(ROWS, "id", result.train)) & set(values(ROWS, "id", result.test))
    assert result.facts["kept_together"] == "id"
    inside = np.array(values(ROWS, "id", result.train))
    for fit, validate in result.folds:
        assert not set(inside[fit]) & set(inside[validate])


def test_key_keeps_part_when_rows_are_added() -> None:
    early_split = split(LONE[:200], {"by": "key"}, key="id")
    late_split = split(LONE, {"by": "key"}, key="id")
    assert set(values(LONE, "id", early_split.test)) <= set(values(LONE, "id", late_split.test))
    assert 0.1 < len(late_split.test) / 300 < 0.3


def test_time_split_tests_on_latest_rows() -> None:
    result = split(ROWS, {"by": "time", "column": "at"})
    at = np.array([row["at"] for row in ROWS])
    assert at[result.train].max() < at[result.test].min()
    assert result.facts["test_from"] == at[result.test].min()
    inside = at[result.train]
    assert len(result.folds) == 5
    for fit, validate in result.folds:
        assert inside[fit].max() < inside[validate].min()


def test_group_split_keeps_groups_whole() -> None:
    result = split(ROWS, {"by": "group", "column": "shop", "test": 0.4})
    assert not set(values(ROWS, "shop", result.train)) & set(values(ROWS, "shop", result.test))


def test_folds_keep_keys_and_groups_whole() -> None:
    for rows, by, name in ((ROWS, {"by": "key"}, "id"), (LONE, GROUPED, "shop"), (ROWS, {}, "id")):
        result = split(rows, by, key="id")
        inside = values(rows, name, result.train)
        assert len(result.folds) > 1
        for fit, validate in result.folds:
            learned = {inside[place] for place in fit}
            assert not learned & {inside[place] for place in validate}, by


def test_stratified_folds_have_class_proportions() -> None:
    result = split(LONE)
    labels = np.array(values(LONE, "y", result.train))
    assert len(result.folds) > 1
    for _, validate in result.folds:
        assert (labels[validate] == "yes").mean() == pytest.approx(0.2, abs=0.02)


def test_regression_folds_are_shuffled_and_seeded() -> None:
    request = parse_request("m", "q", "regression", "y", None, None, None, None, None)
    one = split_rows(read(LONE), RandomSplitter(300), request)
    same = split_rows(read(LONE), RandomSplitter(300), request)
    sizes = {len(validate) for _, validate in one.folds}
    assert len(one.folds) == 5 and sizes == {48}
    assert any(np.diff(validate).max() > 1 for _, validate in one.folds)
    for (_, first), (_, second) in zip(one.folds, same.folds, strict=True):
        np.testing.assert_array_equal(first, second)


def test_time_folds_are_forward() -> None:
    result = split(LONE, {"by": "time", "column": "at"})
    moments = np.array(values(LONE, "at", result.train))
    assert len(result.folds) == 5
    ends = []
    for fit, validate in result.folds:
        assert moments[fit].max() < moments[validate].min()
        ends.append(moments[validate].max())
    assert ends == sorted(ends) and ends[-1] == moments.max()
    # Each fold has learned from all that lies before what it is validated on.
    last = result.folds[-1]
    assert len(last[0]) + len(last[1]) == len(result.train)


@pytest.mark.parametrize("gap", [6, 6.5])
def test_gap_precedes_test_part_and_each_fold(gap: float) -> None:
    split_without_gap = split(ROWS, {"by": "time", "column": "at"})
    result = split(ROWS, {"by": "time", "column": "at", "gap": gap})
    at = np.array([row["at"] for row in ROWS])
    assert result.test.tolist() == split_without_gap.test.tolist()
    assert at[result.train].max() == at[result.test].min() - np.ceil(gap)
    assert result.facts["rows_in_gap"] == len(ROWS) - len(result.train) - len(result.test) > 0
    inside = at[result.train]
    assert len(result.folds) == 5
    for fit, validate in result.folds:
        assert inside[fit].max() <= inside[validate].min() - gap


def test_long_gap_removes_first_folds() -> None:
    assert len(split(ROWS, {"by": "time", "column": "at", "gap": 25}).folds) == 3
    with pytest.raises(GlasshouseError, match="No fold has training rows before its gap"):
        split(ROWS, {"by": "time", "column": "at", "gap": 60, "test": 0.3})
    with pytest.raises(GlasshouseError, match="No row is older than the gap of 90"):
        split(ROWS, {"by": "time", "column": "at", "gap": 90})


@pytest.mark.parametrize(
    ("gap", "canonical"), [("7 days", "7 days"), ("1 Week", "7 days"), ("36hours", "1.5 days")]
)
def test_gap_is_duration(gap: str, canonical: str) -> None:
    by = json.dumps({"by": "time", "column": "at", "gap": gap})
    request = parse_request("m", "q", "classification", "y", None, None, None, by, None)
    assert request.split["gap"] == canonical


@pytest.mark.parametrize("gap", [0, -1, True, "7", "seven days", "1 month", "-1 days", [], None])
def test_invalid_gap_is_refused(gap: Any) -> None:
    with pytest.raises(GlasshouseError, match="The gap is"):
        split(ROWS, {"by": "time", "column": "at", "gap": gap})
    with pytest.raises(GlasshouseError, match="takes no gap"):
        split(ROWS, {"by": "random", "gap": "7 days"})


def test_column_split_uses_column() -> None:
    result = split(ROWS, {"by": "column", "column": "part"})
    assert set(values(ROWS, "part", result.test)) == {"test"}
    assert len(result.test) == 75


def test_small_class_reduces_default_folds() -> None:
    rows = [{"y": "yes" if number < 4 else "no"} for number in range(40)]
    assert split(rows).facts["folds"] == 3
    with pytest.raises(GlasshouseError, match=r"'yes' has 3 rows .* too few for 5 folds"):
        split(rows, folds=5)


@pytest.mark.parametrize(
    ("rows", "by", "message"),
    [
        (
            [{"y": "yes"}, {"y": "yes"}, {"y": "no"}, {"y": "yes"}],
            {},
            "'no' has 1 row in the training part",
        ),
        (
            [{"y": "yes", "at": 1}, {"y": "no", "at": None}],
            {"by": "time", "column": "at"},
            "NULL in 1 row",
        ),
        ([{"y": "yes", "at": 1}] * 9, {"by": "time", "column": "at"}, "one moment only"),
        (
            [{"y": "yes", "part": "train"}, {"y": "no", "part": "validate"}],
            {"by": "column", "column": "part"},
            "holds 'validate'",
        ),
        (
            [{"y": "yes", "part": "train"}, {"y": "no", "part": None}],
            {"by": "column", "column": "part"},
            "holds NULL",
        ),
        (
            [{"y": "no", "part": "train"}] * 9,
            {"by": "column", "column": "part"},
            "test part has",
        ),
    ],
)
def test_invalid_split_is_refused(rows: list[dict], by: dict, message: str) -> None:
    with pytest.raises(GlasshouseError, match=message):
        split(rows, by)
