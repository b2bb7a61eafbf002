"""The default values that the chart editor of Superset writes.

A save in the browser writes every control of the editor, some fifty lines for a bar chart. Git
contains only values that differ from the defaults; a push adds the defaults, so that a save in the
browser without a change makes no difference.
"""

import copy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

Params = dict[str, Any]
_FILE = Path(__file__).with_name("control_defaults.yaml")
# Set by the editor of some chart types: the columns of the dataset that hold a time.
_LOOKUP = "temporal_columns_lookup"


@cache
def _defaults() -> dict[str, Params]:
    return yaml.safe_load(_FILE.read_text(encoding="utf-8"))


def without_defaults(params: Params) -> Params:
    """The params without the controls that have the editor's default value."""
    defaults = _defaults().get(str(params.get("viz_type")), {})
    return {
        key: value
        for key, value in params.items()
        if not (key in defaults and _same(value, defaults[key]))
    }


def with_defaults(params: Params, dataset: dict[str, Any]) -> Params:
    """The params with every control, as the editor would save them for this dataset."""
    # A chart type without defaults here still has filters.
    defaults: Params = {"adhoc_filters": []} | copy.deepcopy(
        _defaults().get(params["viz_type"], {})
    )
    if _LOOKUP in defaults:
        columns = dataset.get("columns") or []
        defaults[_LOOKUP] = {c["column_name"]: True for c in columns if c.get("is_dttm")}
    full = defaults | params
    for name in _filters_in(full):
        if not any(_is_of_time(each) for each in full[name]):
            full[name] = [*full[name], *default_time_filter(dataset)]
    return full


def without_default_time_filter(params: Params, dataset: dict[str, Any]) -> Params:
    """The params without the time filter that the editor adds where there is none."""
    default_filters, result = default_time_filter(dataset), dict(params)
    for name in _filters_in(params):
        if [each for each in params[name] if _is_of_time(each)] == default_filters:
            result[name] = [each for each in params[name] if each not in default_filters]
        if not result[name]:
            del result[name]
    return result


def _is_of_time(each: Params) -> bool:
    return each.get("operator") == "TEMPORAL_RANGE"


def default_time_filter(dataset: dict[str, Any]) -> list[Params]:
    """The filter that the editor adds: no time range, on the dataset's main time column.

    The time filter of a dashboard finds its column through it.
    """
    column = dataset.get("main_dttm_col")
    if not column:
        return []
    return [
        {
            "clause": "WHERE",
            "comparator": "No filter",
            "expressionType": "SIMPLE",
            "operator": "TEMPORAL_RANGE",
            "subject": column,
        }
    ]


def _filters_in(params: Params) -> list[str]:
    names = ("adhoc_filters", "adhoc_filters_b")
    return [name for name in names if isinstance(params.get(name), list)]


def _same(value: Any, default: Any) -> bool:
    """Equal, and of one type: 0 is not false."""
    return value == default and type(value) is type(default)
