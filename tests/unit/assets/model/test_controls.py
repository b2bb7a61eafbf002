"""Default controls of charts: left out of git, filled in at push."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.assets.model.controls import (
    default_time_filter,
    with_defaults,
    without_default_time_filter,
    without_defaults,
)
from scripts.assets.model.hidden_settings import with_hidden_settings
from scripts.assets.model.params import canonical_params
from scripts.assets.model.queries import has_query, queries_for
from tests.unit.assets.sample_assets import ASSETS

TYPES = ["pie", "table", "echarts_timeseries_line", "mixed_timeseries", "box_plot", "world_map"]
TIMED = ASSETS["datasets/reports/sales.yaml"] | {
    "main_dttm_col": "day",
    "columns": [{"column_name": "day", "is_dttm": True}, {"column_name": "region"}],
}


@pytest.mark.parametrize("viz_type", TYPES)
@pytest.mark.parametrize("dataset", [{}, TIMED])
@given(
    settings=st.dictionaries(
        st.sampled_from(["row_limit", "show_legend", "groupby", "color_scheme", "own"]),
        st.booleans() | st.integers(0, 10_000) | st.sampled_from([[], ["a"], "supersetColors"]),
    )
)
def test_defaults_round_trip(viz_type, dataset, settings):
    params = without_defaults(settings | {"viz_type": viz_type})
    full = with_defaults(params, dataset)
    assert full == full | params
    assert without_default_time_filter(canonical_params(full), dataset) == params


def test_explicit_choice_equal_to_default_is_kept():
    assert without_defaults({"viz_type": "pie", "show_labels_threshold": False}) != {
        "viz_type": "pie"
    }


def test_default_time_filter_uses_time_column():
    assert default_time_filter({}) == []
    full = with_defaults({"viz_type": "pie"}, TIMED)
    assert full["adhoc_filters"][0]["subject"] == "day"
    assert without_default_time_filter(full, {})["adhoc_filters"] == full["adhoc_filters"]


def test_default_time_filter_follows_other_filters():
    own = {"expressionType": "SQL", "clause": "WHERE", "sqlExpression": "a > 1"}
    full = with_defaults({"viz_type": "pie", "adhoc_filters": [own]}, TIMED)
    assert full["adhoc_filters"] == [own, *default_time_filter(TIMED)]
    assert without_default_time_filter(full, TIMED)["adhoc_filters"] == [own]
    # One that somebody has chosen stays alone, and stays.
    year = default_time_filter(TIMED)[0] | {"comparator": "Last year"}
    full = with_defaults({"viz_type": "pie", "adhoc_filters": [own, year]}, TIMED)
    assert full["adhoc_filters"] == [own, year]
    assert without_default_time_filter(full, TIMED)["adhoc_filters"] == [own, year]


NUMBERS = {
    "columns": [{"column_name": "n", "type": "BIGINT"}, {"column_name": "w", "type": "TEXT"}]
}


@pytest.mark.parametrize(
    ("viz_type", "others", "name", "value", "hidden"),
    [
        ("handlebars", {"query_mode": "aggregate"}, "order_desc", False, True),
        ("handlebars", {"timeseries_limit_metric": "n"}, "order_desc", False, False),
        ("handlebars", {"query_mode": "raw"}, "metrics", ["n"], True),
        ("table", {"query_mode": "raw"}, "order_by_cols", ['["n", true]'], False),
        ("echarts_timeseries_bar", {"x_axis": "w"}, "xAxisForceCategorical", True, True),
        ("echarts_timeseries_bar", {"x_axis": "n"}, "xAxisForceCategorical", True, False),
        ("echarts_timeseries_bar", {}, "time_shift_color", False, True),
        (
            "echarts_timeseries_bar",
            {"time_compare": ["1 year ago"]},
            "time_shift_color",
            False,
            False,
        ),
        ("pie", {"donut": False}, "innerRadius", 50, True),
        ("pie", {"donut": True}, "innerRadius", 50, False),
        ("pie", {}, "color_scheme", "glasshouse", False),
    ],
)
def test_settings_hidden_by_editor_are_no_change(viz_type, others, name, value, hidden):
    pushed = {"viz_type": viz_type, name: value} | others
    full = with_defaults(pushed, NUMBERS)
    params_without_name = {key: item for key, item in full.items() if key != name}
    fill_uri = with_defaults(params_without_name, NUMBERS)  # what the next save makes of it
    for params in (params_without_name, fill_uri):
        assert (with_hidden_settings(params, pushed, NUMBERS).get(name) == value) == hidden
    # What somebody has chosen meanwhile is a change, hidden or not.
    other = with_hidden_settings(full | {name: "another"}, pushed, NUMBERS)
    assert other[name] == "another"


def test_table_defaults_list_time_columns():
    assert with_defaults({"viz_type": "table"}, TIMED)["temporal_columns_lookup"] == {"day": True}


def query(viz_type, **params):
    return queries_for(with_defaults({"viz_type": viz_type} | params, {}))


def test_query_of_raw_rows():
    (result,) = query(
        "table", query_mode="raw", all_columns=["a", "b"], order_by_cols=['["a", false]']
    )
    assert (result["columns"], result["metrics"]) == (["a", "b"], None)
    assert result["orderby"] == [["a", False]]


def test_queries_of_mixed_chart():
    first, second = query(
        "mixed_timeseries", x_axis="day", metrics=["n"], metrics_b=["m"], groupby_b=["region"]
    )
    assert (first["columns"], first["metrics"]) == (["day"], ["n"])
    assert (second["columns"], second["metrics"]) == (["day", "region"], ["m"])


def test_filters_are_in_query():
    (result,) = query(
        "pie",
        metric="n",
        adhoc_filters=[
            {"expressionType": "SQL", "clause": "WHERE", "sqlExpression": "a > 1"},
            {"expressionType": "SQL", "clause": "HAVING", "sqlExpression": "n > 1"},
            {"expressionType": "SIMPLE", "subject": "b", "operator": "==", "comparator": "x"},
        ],
    )
    assert result["extras"] == {"where": "(a > 1)", "having": "(n > 1)"}
    assert result["filters"] == [{"col": "b", "op": "==", "val": "x"}]


def test_unsupported_chart_type_has_no_query():
    assert has_query("waterfall")
    assert not has_query("deck_arc")
