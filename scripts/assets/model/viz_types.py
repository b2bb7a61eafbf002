"""The chart types of Superset 6, and what became of the older ones."""

_VIZ_TYPES = """
big_number big_number_total box_plot bubble_v2 bullet cal_heatmap chord country_map
deck_arc deck_contour deck_geojson deck_grid deck_heatmap deck_hex deck_multi deck_path
deck_polygon deck_scatter deck_screengrid echarts_area echarts_timeseries
echarts_timeseries_bar echarts_timeseries_line echarts_timeseries_scatter
echarts_timeseries_smooth echarts_timeseries_step funnel gantt_chart gauge_chart graph_chart
handlebars heatmap_v2 histogram_v2 horizon mixed_timeseries paired_ttest para partition pie
pivot_table_v2 radar rose sankey_v2 sunburst_v2 table time_pivot time_table tree_chart
treemap_v2 waterfall word_cloud world_map
"""
VIZ_TYPES = frozenset(_VIZ_TYPES.split())

# In Superset, but not without a feature flag or a key of a map service.
NEEDS_SETUP = frozenset({"ag-grid-table", "pop_kpi", "mapbox", "compare", "cartodiagram"})

# Superset rewrites these when they are imported: a difference between git and the server for ever.
REPLACED_BY = {
    "area": "echarts_area",
    "bar": "echarts_timeseries_bar",
    "bubble": "bubble_v2",
    "dist_bar": "echarts_timeseries_bar",
    "dual_line": "mixed_timeseries",
    "heatmap": "heatmap_v2",
    "histogram": "histogram_v2",
    "line": "echarts_timeseries_line",
    "pivot_table": "pivot_table_v2",
    "sankey": "sankey_v2",
    "sunburst": "sunburst_v2",
    "treemap": "treemap_v2",
}
