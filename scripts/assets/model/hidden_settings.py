"""Settings that the chart editor of Superset drops, because it does not show their controls.

A control without effect is hidden (the inner radius of a pie without a hole). The first save in the
browser omits its value, the second writes the editor's default. Nobody has changed it, so a pull
keeps the pushed value. Source of the conditions: the front end of Superset 6.1.
"""

import re
from collections.abc import Callable
from typing import Any

from scripts.assets.model.controls import with_defaults, without_defaults

Params = dict[str, Any]
Shown = Callable[[Params, Params], bool]
_NUMBER = re.compile(
    "(small|big)?(int(?!erval)|serial)|numeric|decimal|float|double|real|money", re.IGNORECASE
)
_TEXT = re.compile("char|text|string|bool|uuid", re.IGNORECASE)


def with_hidden_settings(params: Params, pushed: Params, dataset: Params) -> Params:
    """The params of a chart on the server, with the pushed values that the editor has dropped.

    `dataset`: its fields, whose columns decide too.
    """
    full, chosen = with_defaults(params, dataset), without_defaults(params)
    return params | {
        name: value
        for name, value in pushed.items()
        if name not in chosen and not _is_shown(name, full, dataset)
    }


def _is_shown(name: str, params: Params, dataset: Params) -> bool:
    if params.get("query_mode") and name in _OF_MODE:
        return params["query_mode"] == _OF_MODE[name] and _shown(name, params, dataset)
    return _shown(name, params, dataset)


def _shown(name: str, params: Params, dataset: Params) -> bool:
    return name not in _SHOWN or _SHOWN[name](params, dataset)


def _requires(*names: str) -> Shown:
    """Shown where all of these are chosen."""
    return lambda params, dataset: all(params.get(name) for name in names)


def _requires_none(*names: str) -> Shown:
    """Shown where none of these is chosen."""
    return lambda params, dataset: not any(params.get(name) for name in names)


def _sorted_by_a_metric(params: Params, dataset: Params) -> bool:
    return bool(params.get("timeseries_limit_metric") or params.get("orderby"))


def _column(name: Any, dataset: Params) -> Params:
    columns = dataset.get("columns") or []
    return next((each for each in columns if each["column_name"] == name), {})


def _has_number_axis(params: Params, dataset: Params) -> bool:
    column = _column(params.get("x_axis"), dataset)
    return not column.get("is_dttm") and bool(_NUMBER.match(column.get("type") or ""))


def _has_text_axis(params: Params, dataset: Params) -> bool:
    axis = params.get("x_axis")
    if not isinstance(axis, str):
        return True
    is_text = _TEXT.search(_column(axis, dataset).get("type") or "")
    return bool(
        is_text or (_has_number_axis(params, dataset) and params.get("xAxisForceCategorical"))
    )


def _has_time_column(params: Params, dataset: Params) -> bool:
    names = ("x_axis", "columns", "groupby", "groupbyColumns", "groupbyRows")
    chosen = [params.get(name) or [] for name in names]
    each = [item for value in chosen for item in (value if isinstance(value, list) else [value])]
    # An expression may be a time; its type is not known here.
    return any(isinstance(e, dict) or _column(e, dataset).get("is_dttm") for e in each)


_AGGREGATE, _RAW = "aggregate", "raw"
# For tables and templates, which show either aggregates or rows.
_OF_MODE = {
    "all_columns": _RAW,
    "order_by_cols": _RAW,
    "groupby": _AGGREGATE,
    "metrics": _AGGREGATE,
    "percent_metrics": _AGGREGATE,
    "timeseries_limit_metric": _AGGREGATE,
    "order_desc": _AGGREGATE,
    "show_totals": _AGGREGATE,
    "include_time": _AGGREGATE,
}
_SHOWN: dict[str, Shown] = {
    "order_desc": _sorted_by_a_metric,
    "group_others_when_limit_reached": lambda p, d: bool(p.get("limit") or p.get("series_limit")),
    "time_grain_sqla": _has_time_column,
    "force_max_interval": _requires("time_grain_sqla"),
    "x_axis_sort": _has_text_axis,
    "x_axis_sort_asc": lambda p, d: "x_axis_sort" in p and _has_text_axis(p, d),
    "xAxisForceCategorical": _has_number_axis,
    "x_axis_number_format": _has_number_axis,
    "xAxisBounds": _requires("truncateXAxis"),
    "y_axis_bounds": _requires("truncateYAxis"),
    "rolling_periods": lambda p, d: p.get("rolling_type") not in (None, "cumsum"),
    "min_periods": lambda p, d: p.get("rolling_type") not in (None, "cumsum"),
    "start_date_offset": lambda p, d: p.get("time_compare") == "custom",
    "comparison_color_enabled": _requires("time_compare"),
    "time_shift_color": _requires("time_compare"),
    "comparison_color_scheme": _requires("comparison_color_enabled"),
    "allow_rearrange_columns": _requires_none("time_compare"),
    "row_limit": _requires_none("server_pagination"),
    "page_length": _requires_none("server_pagination"),
    "server_page_length": _requires("server_pagination"),
    "stackDimension": lambda p, d: p.get("stack") == "Stack",
    "only_total": _requires("show_value", "stack"),
    "percentage_threshold": lambda p, d: (
        _requires("show_value", "stack")(p, d) and not p.get("only_total")
    ),
    "color_by_primary_axis": _requires_none("stack", "groupby"),
    "markerSize": _requires("markerEnabled"),
    "opacity": _requires("area"),
    "legendType": _requires("show_legend"),
    "legendOrientation": _requires("show_legend"),
    "legendMargin": _requires("show_legend"),
    "legendSort": _requires("show_legend"),
    "showTooltipTotal": _requires("rich_tooltip"),
    "showTooltipPercentage": lambda p, d: (
        bool(p.get("rich_tooltip")) and not p.get("contributionMode")
    ),
    "tooltipSortByMetric": _requires("rich_tooltip"),
    "innerRadius": _requires("donut"),
    "label_line": _requires("show_labels"),
    "labels_outside": _requires("show_labels"),
    "label_template": lambda p, d: p.get("label_type") == "template",
    "metric_name_font_size": _requires("show_metric_name"),
    "show_x_axis_min_max_labels": _requires("show_x_axis"),
    "show_y_axis_min_max_labels": _requires("show_y_axis"),
}
