"""What the chart editor of Superset fills in by itself.

A save in the browser writes every control of the editor, chosen or not: some fifty lines for a bar
chart. Git holds the choices alone; a push fills in the rest, so that Superset holds what the editor
itself would have saved, and a save without a change is no change.
"""

import copy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

Params = dict[str, Any]
_FILE = Path(__file__).with_name("control_defaults.yaml")
# Chart types whose editor notes which columns of the dataset hold a time.
_LOOKUP = "temporal_columns_lookup"


@cache
def _defaults() -> dict[str, Params]:
    return yaml.safe_load(_FILE.read_text(encoding="utf-8"))


def without_defaults(params: Params) -> Params:
    """The params without the controls that stand as the editor sets them."""
    defaults = _defaults().get(str(params.get("viz_type")), {})
    return {
        key: value
        for key, value in params.items()
        if not (key in defaults and _same(value, defaults[key]))
    }


def with_defaults(params: Params, dataset: dict[str, Any]) -> Params:
    """The params with every control, as the editor would save them for this dataset."""
    defaults = copy.deepcopy(_defaults().get(params["viz_type"], {}))
    if _LOOKUP in defaults:
        columns = dataset.get("columns") or []
        defaults[_LOOKUP] = {c["column_name"]: True for c in columns if c.get("is_dttm")}
    full = defaults | params
    for name in _filters_in(full):
        full[name] = full[name] or any_time(dataset)
    return full


def without_any_time(params: Params, dataset: dict[str, Any]) -> Params:
    """The params without the filter that the editor adds when there is no other."""
    idle = any_time(dataset)
    unfiltered = {name for name in _filters_in(params) if params[name] in ([], idle)}
    return {key: value for key, value in params.items() if key not in unfiltered}


def any_time(dataset: dict[str, Any]) -> list[Params]:
    """The editor's only filter at first: "no time range", on the dataset's main time column.

    It is how a dashboard's time filter finds the column it applies to.
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
    return [name for name in ("adhoc_filters", "adhoc_filters_b") if name in params]


def _same(value: Any, default: Any) -> bool:
    """Equal, and of one type: 0 is not false."""
    return value == default and type(value) is type(default)
