"""The assets of this repository are valid and canonical."""

from scripts.assets.checks.dbt_agreement import dbt_problems
from scripts.assets.checks.readability import readability_problems
from scripts.assets.checks.static import find_problems, unformatted
from scripts.assets.files.bundle import FOLDER, read_files
from scripts.assets.files.dbt_relations import relations_of
from scripts.settings import ROOT


def test_files_pass_all_static_checks():
    assert [str(problem) for problem in find_problems(read_files(ROOT / FOLDER))] == []


def test_files_are_canonical():
    bundle = read_files(ROOT / FOLDER).bundle()
    assert bundle.kind("dashboards")
    assert [problem.file for problem in unformatted(ROOT / FOLDER, bundle)] == []


def test_files_pass_readability_checks():
    result = readability_problems(read_files(ROOT / FOLDER).bundle())
    assert [str(problem) for problem in result] == []


def test_descriptions_and_exposures_are_current(manifest):
    """Fails where a description was written elsewhere than in dbt: `make describe`."""
    bundle = read_files(ROOT / FOLDER).bundle()
    relations = {(each.schema, each.name): each for each in relations_of(manifest)}
    result = dbt_problems(bundle, relations, ROOT)
    assert [str(problem) for problem in result] == []
    nodes = {
        node for each in manifest["exposures"].values() for node in each["depends_on"]["nodes"]
    }
    assert {exposure["name"] for exposure in manifest["exposures"].values()} == {
        dashboard.data["slug"].replace("-", "_") for dashboard in bundle.kind("dashboards")
    }
    assert nodes <= set(manifest["nodes"])


def test_colours_match_legend_labels():
    """With time_shift_color, Superset's default, a metric named as a column is headed would be
    looked up in label_colors by the column's name, and take any colour."""
    bundle = read_files(ROOT / FOLDER).bundle()
    headings = {
        dataset.data["uuid"]: {column.get("verbose_name") for column in dataset.data["columns"]}
        for dataset in bundle.kind("datasets")
    }
    result = set()
    for chart in bundle.kind("charts"):
        params = chart.data["params"]
        labels = {metric["label"] for metric in params.get("metrics", [])}
        drawn_by_metric = chart.data["viz_type"].startswith("echarts_") and not params.get(
            "groupby"
        )
        if drawn_by_metric and labels & headings[chart.data["dataset_uuid"]]:
            result.add(chart.data["slice_name"])
            assert params.get("time_shift_color") is False, chart.data["slice_name"]
    assert "Customers by churn risk" in result


def charts_below(position, roots):
    """The uuids of the charts of a layout below these parts."""
    parts = [position[root] for root in roots if root in position]
    inner = [child for part in parts for child in part.get("children", [])]
    own = {part["meta"]["uuid"] for part in parts if part["type"] == "CHART"}
    return own | (charts_below(position, inner) if inner else set())


def test_filters_reach_every_chart_of_their_scope():
    """Superset ignores a filter, without a message, for a dataset that lacks its column."""
    bundle = read_files(ROOT / FOLDER).bundle()
    columns = {
        dataset.uuid: {column["column_name"] for column in dataset.data["columns"]}
        for dataset in bundle.kind("datasets")
    }
    chart_count, missing_charts = 0, set()
    for dashboard in bundle.kind("dashboards"):
        for entry in dashboard.data["metadata"].get("native_filter_configuration", []):
            scope, (target,) = entry["scope"], entry["targets"]
            in_scope = charts_below(dashboard.data["position"], scope["rootPath"])
            for chart in map(bundle.get, in_scope - set(scope["excluded"])):
                if target["column"]["name"] in columns[chart.data["dataset_uuid"]]:
                    chart_count += 1
                else:
                    missing_charts.add((dashboard.data["slug"], entry["name"], chart.title))
    assert chart_count > 50
    # These are about all models.
    assert missing_charts == {
        ("data", "Model", "Tests passed by layer"),
        ("data", "Model", "Rows and last change of each table"),
        ("data", "Model", "All tests"),
        ("monitoring", "Model", "Refreshes"),
    }
