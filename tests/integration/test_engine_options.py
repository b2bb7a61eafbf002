"""docs/training.md and what its options do, in a real Postgres."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from scripts.settings import ROOT
from tests.clusters import Warehouse

from .engine import QUICK, Session, admin, user

__all__ = ["admin", "user"]  # fixtures

GUIDE = ROOT / "docs" / "training.md"
TUMOURS = "select * from features.feat_tumour__measurements"
ARRAYS = """
create table engine_test.arrays as
select
    i as id,
    case when i % 40 > 0 then array[sin(i), (i % 7)::float8, null] end as numbers,
    array[i % 5, i % 3, i % 2]::numeric[] as exact,
    array['a', 'b'] as words,
    'city ' || (i * 7919) % 400 as city,
    i % 4 as shop,
    2 * sin(i) + i % 5 + ((i * 7919) % 400) / 100.0 + i % 4 * sin(i) as amount
from generate_series(1, 2400) as i
"""


def statements() -> list[str]:
    blocks = re.findall(r"```sql\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    return [one.strip() for block in blocks for one in block.split(";") if one.strip()]


@pytest.fixture(scope="module")
def engine(warehouse: Warehouse) -> Warehouse:
    """The guide reads features that dbt has built."""
    return warehouse


@pytest.fixture(scope="module")
def guide_results(user: Session, admin: Session) -> Iterator[dict[str, list[tuple]]]:
    """What each statement of the guide answers."""
    guide_statements = statements()
    models = sorted(
        {name for one in guide_statements for name in re.findall(r"ml\.train\('(\w+)'", one)}
    )
    yield {one: user.rows(one) for one in guide_statements}
    for model in models:
        admin.rows("delete from ml.model_versions where model = %s", model)


@pytest.fixture(scope="module")
def arrays(user: Session) -> str:
    user.rows(ARRAYS)
    return "select * from engine_test.arrays"


def test_statements_of_guide_run(guide_results: dict[str, list[tuple]], user: Session) -> None:
    assert len(guide_results) == len(set(statements())) >= 14
    for statement, rows in guide_results.items():
        assert rows, statement
    for score, baseline, higher in user.rows(
        "select score, baseline, metric not in ('rmse', 'rmsle') from ml.model_versions "
        "where model in ('tumour', 'odd_tumours', 'shape', 'area', 'tumour_costs', 'area_by_size')"
    ):
        assert score > baseline if higher else score < baseline


def test_outliers_and_components(guide_results: dict[str, list[tuple]], user: Session) -> None:
    predictions = user.predict("odd_tumours", TUMOURS)
    is_outlier = [score > 0 for _, _, score, _ in predictions]
    assert [word for _, word, _, _ in predictions] == [
        "outlier" if f else "normal" for f in is_outlier
    ]
    assert sum(is_outlier) / len(is_outlier) == pytest.approx(0.02, abs=0.015)
    for _, prediction, error, components in user.predict("shape", TUMOURS):
        assert (prediction, set(components)) == (None, {"component_1", "component_2"})
        assert error >= 0
    curve = user.rows(
        "select series, position, y from ml.curves where model = 'shape' "
        "and curve = 'explained_variance' order by 1, 2"
    )
    assert [row[:2] for row in curve] == [(s, p) for s in ("alone", "together") for p in (1, 2)]
    together = [y for series, _, y in curve if series == "together"]
    variance_shares = dict(
        user.rows(
            "select split, value from ml.metrics where model = 'shape' and series = 'model' "
            "and metric = 'explained_variance' and fold is null"
        )
    )
    assert together[1] == pytest.approx(variance_shares["test"], rel=1e-9)
    # Published for these data over and over, for all of their rows.
    assert variance_shares["train"] == pytest.approx(0.63, abs=0.04)


def test_searched_settings_are_recorded(
    guide_results: dict[str, list[tuple]], user: Session
) -> None:
    candidates = user.rows(
        "select algorithm, params, fold_scores, chosen from ml.candidates where model = 'tumour' "
        "and version = (select max(version) from ml.model_versions where model = 'tumour')"
    )
    assert [row[0] for row in candidates].count("logistic_regression") == 4
    assert sorted(row[1].get("max_depth", 0) for row in candidates if "forest" in row[0]) == [3, 6]
    assert all(len(row[2]) == 3 for row in candidates)
    assert sum(row[3] for row in candidates) == 1


def test_least_cost_threshold_is_used(guide_results: dict[str, list[tuple]], user: Session) -> None:
    threshold = user.version("tumour_costs")["threshold"]
    assert threshold < 0.5
    predictions = user.predict("tumour_costs", TUMOURS)
    assert {(s >= threshold, word) for _, word, s, _ in predictions} == {
        (True, "malignant"),
        (False, "benign"),
    }
    assert user.rows(
        "select distinct threshold from ml.confusion where model = 'tumour_costs'"
    ) == [(threshold,)]


def test_halving_search_with_time_split(user: Session, arrays: str) -> None:
    entry: dict[str, Any] = {
        "algorithm": "decision_tree",
        "search": {"max_depth": [2, 4, 8], "min_samples_leaf": [1, 20]},
    }
    user.train(
        "engine test halving",
        arrays,
        "amount",
        task="regression",
        algorithms=[entry],
        split={"by": "time", "column": "id"},
        options={**QUICK, "folds": 2, "search": {"how": "halving"}},
    )
    shares = user.rows(
        "select rows_share from ml.candidates where model = 'engine test halving' "
        "and not is_baseline order by 1"
    )
    assert [share for (share,) in shares] == pytest.approx([1 / 3] * 4 + [1, 1])


def test_arrays_high_cardinality_texts_and_groups(user: Session, arrays: str) -> None:
    name = "engine test arrays"
    user.train(
        name,
        arrays,
        "amount",
        task="regression",
        key="id",
        algorithms=["ridge"],
        options={**QUICK, "folds": 2, "group_by": "shop"},
    )
    version = user.version(name)
    names = [feature["name"] for feature in version["features"]]
    assert names == [
        "numbers[1]", "numbers[2]", "exact[1]", "exact[2]", "exact[3]", "city", "shop",
    ]  # fmt: skip
    excluded = {entry["name"]: entry["reason"] for entry in version["excluded"]}
    assert set(excluded) == {"numbers[3]", "words"}
    assert {(entry["group"], entry["own"]) for entry in version["groups"]} == {
        (group, True) for group in "0123"
    }
    segments = user.rows(
        "select segment from ml.metrics where model = %s and metric = 'r2' and series = 'model' "
        "and split = 'test' and value > 0.5",
        name,
    )
    assert {segment for (segment,) in segments} == {"all", *(f"shop = {n}" for n in range(4))}
    # A shop nobody has met is answered, and an array that became a text is named.
    assert user.predict(name, f"select r.*, 9 as shop from ({query_without(arrays, 'shop')}) as r")
    with pytest.raises(Exception, match=r"no column 'numbers\[1\]'"):
        user.predict(
            name, f"select r.*, 'x' as numbers from ({query_without(arrays, 'numbers')}) as r"
        )
    assert len(user.rows("select * from ml.explain(%s, %s, 2)", name, f"{arrays} limit 3")) == 12
    # Of other numbers than those that were learned from nothing can be said.
    other = f"select r.*, %s::float8[] as numbers from ({query_without(arrays, 'numbers')}) as r"
    for numbers, message in (
        ("'{1,2}'", r"'numbers' holds an array of 2 numbers; all .* had 3"),
        ("'{1,2,3,4}'", r"'numbers' holds an array of 4 numbers; all .* had 3"),
        ("'{{1,2,3}}'", "'numbers' holds arrays that are nested"),
        ("'[0:2]={1,2,3}'", "'numbers' holds arrays that are nested or not counted from 1"),
    ):
        with pytest.raises(Exception, match=message):
            user.predict(name, other % numbers)
        with pytest.raises(Exception, match=message):
            user.rows("select * from ml.explain(%s, %s)", name, other % numbers)
    for numbers in ("'{}'", "null", "'{1,null,3}'"):
        assert len(user.predict(name, other % numbers)) == 5


def query_without(query: str, column: str) -> str:
    column_names = {"id", "numbers", "exact", "city", "shop"} - {column}
    return f"select {', '.join(sorted(column_names))} from ({query}) as rows limit 5"
