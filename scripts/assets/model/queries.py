"""The queries behind a chart, built from its params as the browser would build them.

Only the parts that the database sees are built: columns, metrics, filters, order and limit. The
processing in the browser (pivoting, rolling means) is left out.
"""

import json
from collections.abc import Callable
from typing import Any

Params = dict[str, Any]
_LIMIT = 10_000


def queries_for(params: Params) -> list[dict[str, Any]]:
    """One query, or two for a chart with two halves; none for a chart without data."""
    build = _BUILDERS.get(params["viz_type"], _grouped)
    if params["viz_type"] == "mixed_timeseries":
        return [_query(params, *_series(params)), _query(params, *_series(params, "_b"), "_b")]
    return [_query(params, *build(params))]


def has_query(viz_type: str) -> bool:
    """Whether the query of this chart type is implemented here."""
    return viz_type in _BUILDERS


def _query(params: Params, columns: list, metrics: list, suffix: str = "") -> dict[str, Any]:
    where, having, filters = _filters(params.get(f"adhoc_filters{suffix}") or [])
    query = {
        "columns": _unique(columns),
        "metrics": _unique(metrics) if metrics else None,
        "filters": filters,
        "extras": {"where": where, "having": having},
        "orderby": _order(params, metrics),
        "row_limit": _number(params.get(f"row_limit{suffix}")) or _LIMIT,
        "time_range": params.get("time_range") or "No filter",
    }
    if params.get("granularity_sqla"):
        query["granularity"] = params["granularity_sqla"]
    return query


def _filters(adhoc: list[Params]) -> tuple[str, str, list[Params]]:
    """The filters made in the chart: SQL before and after grouping, and simple ones."""
    sql: dict[str, list[str]] = {"WHERE": [], "HAVING": []}
    simple = []
    for each in adhoc:
        if each.get("expressionType") == "SQL":
            sql[each.get("clause") or "WHERE"].append(f"({each.get('sqlExpression')})")
        else:
            simple.append(
                {
                    "col": each.get("subject"),
                    "op": each.get("operator"),
                    "val": each.get("comparator"),
                }
            )
    return " AND ".join(sql["WHERE"]), " AND ".join(sql["HAVING"]), simple


def _order(params: Params, metrics: list) -> list[list[Any]]:
    if params.get("query_mode") == "raw":
        return [
            json.loads(each) if isinstance(each, str) else each
            for each in params.get("order_by_cols") or []
        ]
    by = params.get("timeseries_limit_metric") or (metrics[0] if metrics else None)
    return [[by, not params.get("order_desc", True)]] if by else []


def _unique(items: list) -> list:
    """The items without duplicates, which would give two columns one name."""
    unique: list = []
    for item in items:
        if item not in unique:
            unique.append(item)
    return unique


def _number(value: Any) -> int | None:
    return int(value) if str(value or "").isdigit() else None


def _list(value: Any) -> list:
    """A setting as a list: it may hold one value, several or none."""
    return [item for item in value if item] if isinstance(value, list) else [value] if value else []


def _all(params: Params, *names: str) -> list:
    return [item for name in names for item in _list(params.get(name))]


def _grouped(params: Params) -> tuple[list, list]:
    return _all(params, "groupby"), _all(params, "metrics", "metric")


def _series(params: Params, suffix: str = "") -> tuple[list, list]:
    return _all(params, "x_axis", f"groupby{suffix}"), _all(params, f"metrics{suffix}")


def _rows(params: Params) -> tuple[list, list]:
    if params.get("query_mode") == "raw":
        return _all(params, "all_columns"), []
    return _all(params, "groupby"), _all(params, "metrics", "percent_metrics")


def _of(columns: tuple[str, ...], metrics: tuple[str, ...] = ("metric",)) -> Callable:
    return lambda params: (_all(params, *columns), _all(params, *metrics))


_BUILDERS: dict[str, Callable[[Params], tuple[list, list]]] = {
    "big_number": _of(("x_axis",)),
    "big_number_total": _of(()),
    "box_plot": _of(("columns", "groupby"), ("metrics",)),
    "bubble_v2": _of(("entity", "series"), ("x", "y", "size")),
    "echarts_area": _series,
    "echarts_timeseries_bar": _series,
    "echarts_timeseries_line": _series,
    "echarts_timeseries_scatter": _series,
    "echarts_timeseries_smooth": _series,
    "echarts_timeseries_step": _series,
    "funnel": _of(("groupby",)),
    "gauge_chart": _of(("groupby",)),
    "handlebars": _rows,
    "heatmap_v2": _of(("x_axis", "groupby")),
    "histogram_v2": _of(("column", "groupby"), ()),
    "mixed_timeseries": _series,
    "partition": _grouped,
    "pie": _of(("groupby",)),
    "pivot_table_v2": _of(("groupbyRows", "groupbyColumns"), ("metrics",)),
    "radar": _of(("groupby",), ("metrics",)),
    "sankey_v2": _of(("source", "target")),
    "sunburst_v2": _of(("columns",), ("metric", "secondary_metric")),
    "table": _rows,
    "treemap_v2": _of(("groupby",)),
    "waterfall": _of(("x_axis", "groupby")),
    "word_cloud": _of(("series",)),
}
