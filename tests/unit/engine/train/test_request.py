"""Invalid requests are refused before a row is read, with similar valid names."""

import json
from typing import Any

import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.model.algorithms import CATALOGUE
from glasshouse_ml.model.search import search_settings as settings_of
from glasshouse_ml.tasks.registry import TASKS
from glasshouse_ml.train.options import DEFAULTS, SEARCHES
from glasshouse_ml.train.request import SPLITS, parse_request
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ARGUMENTS: dict[str, Any] = {
    "model": "m",
    "query": "select 1",
    "task": "classification",
    "target": "y",
    "key": None,
    "algorithms": None,
    "metric": None,
    "split": None,
    "options": None,
}


def parse(**changes: Any) -> Any:
    arguments = dict(ARGUMENTS)
    for name, value in changes.items():
        is_text = value is None or name in ("model", "task", "target", "key", "metric")
        arguments[name] = value if is_text else json.dumps(value)
    return parse_request(**arguments)


@pytest.mark.parametrize(
    ("changes", "message", "hint"),
    [
        ({"model": " "}, "no name", "first argument"),
        ({"model": "m" * 201}, "201 characters", "shorter"),
        ({"task": "clasification"}, "no task 'clasification'", "classification"),
        ({"target": None}, "target is missing", "target =>"),
        ({"metric": "roc"}, "no metric 'roc'", "roc_auc"),
        ({"algorithms": ["logistic_regresion"]}, "no algorithm", "logistic_regression"),
        ({"algorithms": []}, "no list", "logistic_regression"),
        ({"algorithms": [{"name": "x"}]}, "names no algorithm", "logistic_regression"),
        (
            {"algorithms": [{"algorithm": "logistic_regression", "params": {"c": 1}}]},
            "no parameter 'c'",
            "C",
        ),
        (
            {"algorithms": [{"algorithm": "dummy", "serach": {}}]},
            "no entry 'serach'",
            "search",
        ),
        ({"split": {"by": "colum"}}, "no split by 'colum'", "column"),
        ({"split": {"by": "time"}}, "needs a column", "time"),
        ({"split": {"by": "group", "column": ""}}, "needs a column", "group"),
        ({"options": {"weight": ""}}, 'options.weight is ""', "Name one column"),
        ({"options": {"group_by": ""}}, 'options.group_by is ""', "Name one column"),
        ({"options": {"reference_time": ""}}, 'options.reference_time is ""', "Name one column"),
        (
            {"options": {"group_by": "c"}, "algorithms": ["gaussian_nb", "dummy"]},
            "group_by cannot be had for dummy",
            "baseline",
        ),
        ({"split": {"by": "key"}}, "needs a key", "key =>"),
        ({"split": {"column": "x"}}, "takes no column", "time, group or column"),
        ({"split": {"test": 1.5}}, "test part is 1.5", "between 0 and 1"),
        ({"split": {"test": True}}, "test part is true", "between 0 and 1"),
        ({"split": [1]}, "no JSON object", "split"),
        ({"options": {"fold": 3}}, "no entry 'fold'", "folds"),
        ({"options": {"folds": 1}}, "options.folds is 1", "2 to 50"),
        ({"options": {"seed": "x"}}, 'options.seed is "x"', "whole number"),
        ({"options": {"promote": "sometimes"}}, "options.promote", "if_better or never"),
        ({"options": {"keep": -1}}, "options.keep is -1", "0 to 10000"),
    ],
)
def test_invalid_request_is_refused(changes: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(GlasshouseError) as caught:
        parse(**changes)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert "\n" not in caught.value.message + caught.value.hint


def test_defaults() -> None:
    request = parse()
    assert request.split == {"by": "random", "column": None, "test": 0.2}
    assert request.options["folds"] == 5
    assert request.algorithms is None


def test_classes_may_be_unquoted() -> None:
    assert parse(options={"positive_class": True}).options["positive_class"] == "true"
    assert parse(options={"positive_class": 1}).options["positive_class"] == "1"


def test_algorithm_may_be_name_only() -> None:
    assert parse(algorithms="dummy").algorithms == [{"algorithm": "dummy", "params": {}}]


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.sampled_from([10**400, -(10**400), 1e308, "'; drop", "balanced", *SEARCHES, *SPLITS]),
)
WORDS = st.one_of(
    st.sampled_from(["low", "high", "integer", "log", "how", "iterations", "C", "max_iter"]),
    st.text(max_size=4),
)
JSON = st.recursive(
    LEAVES,
    lambda inside: st.one_of(
        st.lists(inside, max_size=3), st.dictionaries(WORDS, inside, max_size=4)
    ),
    max_leaves=8,
)


@st.composite
def choices(draw: st.DrawFn) -> dict[str, Any]:
    """Whatever jsonb can hold, and what is nearly right more often than chance would have it."""
    task = draw(st.sampled_from(sorted(TASKS)))
    names = st.sampled_from(sorted(CATALOGUE[task]))
    parts = {"algorithm": st.one_of(names, JSON), "params": JSON, "search": JSON}
    entries = st.lists(st.fixed_dictionaries({}, optional=parts), max_size=2)
    split = {"by": st.one_of(st.sampled_from(SPLITS), JSON), "column": JSON, "test": JSON}
    options = st.dictionaries(st.sampled_from(sorted(DEFAULTS)), JSON, max_size=3)
    return {
        "task": task,
        "target": "y" if TASKS[task].needs_target else None,
        "algorithms": draw(st.one_of(JSON, entries)),
        "split": draw(st.one_of(JSON, st.fixed_dictionaries({}, optional=split))),
        "options": draw(st.one_of(JSON, options)),
    }


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(choices())
def test_any_json_is_request_or_one_line_error(changes: dict[str, Any]) -> None:
    try:
        request = parse(**changes)
        for entry in request.algorithms or ():
            if "search" in entry:
                settings_of(entry["search"], request.options)
    except GlasshouseError as error:
        assert "\n" not in error.message


def nested_json(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize("argument", ["options", "split", "algorithms"])
@pytest.mark.parametrize("levels", [21, 900, 990, 5_000])
def test_deep_nesting_is_one_line_error(argument: str, levels: int) -> None:
    text = (
        nested_json(levels) if argument == "algorithms" else f'{{"folds": {nested_json(levels)}}}'
    )
    with pytest.raises(GlasshouseError, match=f"^{argument} is nested more than 20 levels deep"):
        parse_request(**{**ARGUMENTS, argument: text})


@pytest.mark.parametrize(
    "changes",
    [
        {"options": f'{{"folds": {"9" * 5_000}}}'},
        {"options": f'{{"folds": {"9" * 4_000}}}'},
        {"options": json.dumps({"x" * 3_000_000: 1})},
        {"options": json.dumps({"segments": [["x" * 3_000_000]]})},
        {"options": json.dumps({"promote": {"x": "y" * 3_000_000}})},
        {"split": json.dumps({"by": ["x" * 3_000_000]})},
        {"split": json.dumps({"by": "random", "test": "x" * 3_000_000})},
        {"algorithms": json.dumps(["x" * 3_000_000])},
        {"algorithms": json.dumps([{"params": "x" * 3_000_000}])},
        {"metric": "x" * 3_000_000},
        {"task": "x" * 3_000_000},
        {"model": "x" * 3_000_000},
    ],
)
def test_error_about_huge_value_is_short(changes: dict[str, str]) -> None:
    with pytest.raises(GlasshouseError) as caught:
        parse_request(**{**ARGUMENTS, **changes})
    assert len(caught.value.message) <= 1_000
    assert "\n" not in caught.value.message
