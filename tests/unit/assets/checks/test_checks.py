"""Each rule of `check`, with a case that it rejects."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.assets.checks.static import find_problems, valid_bundle
from scripts.assets.files.bundle import Files
from scripts.assets.model.complete import complete
from scripts.assets.model.problems import Rule
from scripts.errors import UserError
from tests.unit.assets.sample_assets import ASSETS, SETTINGS, component, uuid_of

CHART = "charts/sales/by_region.yaml"
TABLE = "charts/sales/rows.yaml"
DATASET = "datasets/reports/sales.yaml"
DATABASE = "databases/warehouse.yaml"
DASHBOARD = "dashboards/sales.yaml"


def test_sample_has_no_problems(assets, write):
    assert find_problems(write(assets)) == []


def delete_key(name):
    def change(data):
        del data[name]

    return change


def value(name, new):
    def change(data):
        *path, last = name.split(".")
        for key in path:
            data = data[int(key) if key.isdigit() else key]
        data[last] = new

    return change


def sql(expression):
    return {"expressionType": "SQL", "sqlExpression": expression, "label": "made in the chart"}


CASES = [
    (CHART, delete_key("uuid"), Rule.MISSING_FIELD, "uuid is missing"),
    (CHART, value("uuid", "abc"), Rule.MALFORMED_UUID, "is not a uuid"),
    (CHART, value("uuid", 7), Rule.WRONG_TYPE, "uuid must be text"),
    (CHART, delete_key("slice_name"), Rule.MISSING_FIELD, "slice_name is missing"),
    (CHART, value("slice_name", None), Rule.WRONG_TYPE, "slice_name must be text"),
    (CHART, value("params", []), Rule.WRONG_TYPE, "params must be a mapping"),
    (CHART, value("version", "2"), Rule.FORMAT_VERSION, 'version "2" is unknown'),
    (
        CHART,
        value("slice_nmae", "x"),
        Rule.UNKNOWN_FIELD,
        "slice_nmae is not a field of Superset; write slice_name",
    ),
    (CHART, value("cache_timeout", True), Rule.WRONG_TYPE, "cache_timeout must be a whole number"),
    (
        CHART,
        value("params.viz_type", "table"),
        Rule.TWO_TYPES,
        "viz_type is pie and params.viz_type is table",
    ),
    (CHART, value("viz_type", "dist_bar"), Rule.CHART_TYPE, "rewritten by Superset 6"),
    (CHART, value("viz_type", "pop_kpi"), Rule.CHART_TYPE, "does not work"),
    (CHART, value("viz_type", "piie"), Rule.CHART_TYPE, "viz_type piie is unknown; write pie"),
    (
        CHART,
        value("dataset_uuid", uuid_of("other")),
        Rule.DANGLING_REFERENCE,
        "is not in a file below datasets/",
    ),
    (
        CHART,
        value("dataset_uuid", uuid_of("warehouse")),
        Rule.DANGLING_REFERENCE,
        "is not in a file below datasets/",
    ),
    (CHART, value("dataset_uuid", "x"), Rule.MALFORMED_UUID, 'dataset_uuid "x" is not a uuid'),
    (CHART, value("uuid", uuid_of("Rows")), Rule.REPEATED_UUID, None),
    (
        DATASET,
        value("database_uuid", uuid_of("other")),
        Rule.DANGLING_REFERENCE,
        "is not in a file below databases/",
    ),
    (DATASET, value("columns", [{"type": "TEXT"}]), Rule.MISSING_FIELD, "column_name is missing"),
    (DATASET, value("columns", ["region"]), Rule.WRONG_TYPE, "columns, entry 1 must be a mapping"),
    (
        DATASET,
        value("metrics", [{"metric_name": "n"}]),
        Rule.MISSING_FIELD,
        "expression is missing",
    ),
    (
        CHART,
        value("slice_name", "x" * 300),
        Rule.TOO_LONG,
        "300 characters, and Superset holds 250",
    ),
    (CHART, value("params", {5: "six"}), Rule.WRONG_TYPE, "has the key 5, which is not text"),
    (
        DATASET,
        lambda d: d["columns"].append(d["columns"][0]),
        Rule.REPEATED_NAME,
        "amount appears twice",
    ),
    (
        DATABASE,
        value("sqlalchemy_uri", "postgresql://a:secret@h/d"),
        Rule.PASSWORD,
        "holds a password",
    ),
    (
        DATABASE,
        value("sqlalchemy_uri", "postgresql://a@${HOST}/d"),
        Rule.UNKNOWN_SETTING,
        "there is no setting HOST",
    ),
    (DASHBOARD, delete_key("slug"), Rule.MISSING_FIELD, "slug is missing"),
    (DASHBOARD, delete_key("position"), Rule.MISSING_FIELD, "position is missing"),
    (DASHBOARD, value("published", "yes"), Rule.WRONG_TYPE, "published must be true or false"),
    (
        DASHBOARD,
        value("position.CHART-1.meta", {}),
        Rule.MALFORMED_LAYOUT,
        "position.CHART-1.meta.uuid is missing",
    ),
    (
        DASHBOARD,
        value("position.CHART-1.meta", 3),
        Rule.MALFORMED_LAYOUT,
        "position.CHART-1.meta must be a mapping",
    ),
    (
        DASHBOARD,
        value("position.ROW-1.type", "LINE"),
        Rule.MALFORMED_LAYOUT,
        "type LINE is unknown",
    ),
    (
        DASHBOARD,
        value("position.ROW-1", "x"),
        Rule.MALFORMED_LAYOUT,
        "position.ROW-1 must be a mapping",
    ),
    (
        DASHBOARD,
        value("position.ROW-1.children", "CHART-1"),
        Rule.MALFORMED_LAYOUT,
        "must be a list of names",
    ),
    (
        DASHBOARD,
        value("position.ROW-1.children", ["CHART-1"]),
        Rule.BROKEN_LAYOUT,
        "CHART-2 is not in a row or tab",
    ),
    (
        DASHBOARD,
        value("position.GRID_ID.children", ["ROW-1", "ROW-2"]),
        Rule.BROKEN_LAYOUT,
        "names ROW-2, which does not",
    ),
    (
        DASHBOARD,
        value("position.GRID_ID.children", ["ROW-1", "CHART-1"]),
        Rule.BROKEN_LAYOUT,
        "is in GRID_ID and",
    ),
    (
        DASHBOARD,
        lambda d: d["position"].pop("ROOT_ID"),
        Rule.BROKEN_LAYOUT,
        "position has no ROOT_ID",
    ),
    (
        DASHBOARD,
        value("position.CHART-1", component("CHART", uuid=uuid_of("nobody"))),
        Rule.DANGLING_REFERENCE,
        "which is not in a file below charts/",
    ),
    (
        DASHBOARD,
        lambda d: d["metadata"]["native_filter_configuration"][0]["targets"][0].update(
            datasetUuid=uuid_of("nobody")
        ),
        Rule.DANGLING_REFERENCE,
        "the filter Region reads the dataset",
    ),
    (
        DASHBOARD,
        value("metadata.native_filter_configuration", [{"id": "a", "targets": [{"datasetId": 3}]}]),
        Rule.NUMBERED_DATASET,
        "names its dataset by a number",
    ),
    (
        DASHBOARD,
        value("metadata.native_filter_configuration", {}),
        Rule.MALFORMED_SETTING,
        "must be a list",
    ),
    (
        CHART,
        value("params.groupby", ["regoin"]),
        Rule.UNKNOWN_COLUMN,
        "refers to the column regoin, which",
    ),
    (CHART, value("params.groupby", ["regoin"]), Rule.UNKNOWN_COLUMN, "write region"),
    (CHART, value("params.metric", "totl"), Rule.UNKNOWN_COLUMN, "write total"),
    (CHART, value("params.metric", sql("SUM(amuont)")), Rule.UNKNOWN_COLUMN, "amuont"),
    (CHART, value("params.adhoc_filters", [sql("Region = 1")]), Rule.UNKNOWN_COLUMN, "Region"),
    (CHART, value("params.adhoc_filters", [{"subject": "x"}]), Rule.UNKNOWN_COLUMN, "column x"),
    (CHART, value("params.adhoc_filters", 3), Rule.MALFORMED_SETTING, "no query can be built"),
    (TABLE, value("params.order_by_cols", ['["z", true]']), Rule.UNKNOWN_COLUMN, "metric z"),
    (DATASET, value("metrics.0.expression", "SUM(net)"), Rule.UNKNOWN_COLUMN, "a metric refers to"),
    (
        DASHBOARD,
        value("metadata.native_filter_configuration.0.targets.0.column.name", "city"),
        Rule.UNKNOWN_COLUMN,
        "the filter Region refers to the column city",
    ),
    (
        DASHBOARD,
        value("metadata.chart_configuration", [1]),
        Rule.MALFORMED_SETTING,
        "must be a mapping",
    ),
]


@pytest.mark.parametrize(("path", "change", "rule", "expected"), CASES)
def test_rule_rejects_change(path, change, rule, expected, assets, write):
    change(assets[path])
    problems = find_problems(write(assets))
    result = [str(problem) for problem in problems]
    assert rule in {problem.rule for problem in problems}
    if expected:
        assert any(line.startswith(f"{path}: ") and expected in line for line in result), result
    assert all(line.count("\n") == 0 and "; " in line for line in result)


def test_duplicate_uuid_is_reported(assets, write):
    assets["charts/sales/copy.yaml"] = assets[CHART]
    result = find_problems(write(assets))[0]
    assert "has the same uuid as" in str(result)
    assert result.rule == Rule.REPEATED_UUID


def test_duplicate_slug_is_reported(assets, write):
    other = assets[DASHBOARD] | {"uuid": uuid_of("another dashboard")}
    result = find_problems(write(assets | {"dashboards/other.yaml": other}))
    assert 'the slug "sales" is also that of dashboards/other.yaml' in str(result[0])
    assert result[0].rule == Rule.REPEATED_SLUG


@pytest.mark.parametrize(
    "harmless",
    [
        "COUNT(*) FILTER (WHERE region = 'x') / NULLIF(SUM(amount), 0)",
        "MAX(amount)::numeric > CURRENT_DATE - INTERVAL '1 day'",
        "amount = (SELECT MAX(other) FROM another_table)",
        "{{ current_username() }} = region AND nothing_known",
        "this is no SQL at all (",
    ],
)
def test_sql_with_valid_or_unknown_columns_passes(harmless, assets, write):
    assets[CHART]["params"]["adhoc_filters"] = [sql(harmless)]
    assert find_problems(write(assets)) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("slice_name: [x\nviz_type: pie\n", "line 2"),
        ("slice_name: a\nslice_name: b\n", "line 2: the key 'slice_name' appears twice"),
        ("", "holds no fields"),
        ("- a\n", "holds no fields"),
        ("a: !!python/object:os.system {}\n", "line 1"),
        ("slice_name: \x00", "fix"),
    ],
)
def test_unreadable_file_is_reported(text, expected, assets, write):
    result = find_problems(write(assets | {TABLE: text}))
    assert any(str(p).startswith(TABLE) and expected in str(p) for p in result), result
    assert {p.rule for p in result} == {Rule.UNREADABLE}


def test_binary_file_is_reported(assets, write, tmp_path):
    write(assets)
    (tmp_path / "superset_assets" / TABLE).write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in str(find_problems(write({}))[0])


def test_missing_uuid_shows_command_to_create_one(assets, write):
    del assets[CHART]["uuid"]
    assert "uuid.uuid4()" in str(find_problems(write(assets))[0])


def test_push_stops_with_first_problem_in_one_line(assets, write, tmp_path):
    del assets[CHART]["uuid"]
    del assets[TABLE]["slice_name"]
    write(assets)
    with pytest.raises(UserError) as caught:
        valid_bundle(tmp_path)
    assert caught.value.line.startswith(f"superset_assets/{CHART}: uuid is missing. Do: ")
    assert "1 more: make check" in caught.value.line


def places(data, path=()):
    """Every place in an asset where something could stand instead."""
    yield path
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, inner in items:
        if isinstance(inner, (dict, list)):
            yield from places(inner, (*path, key))
        else:
            yield (*path, key)


PLACES = [(file, place) for file, data in ASSETS.items() for place in places(data) if place]
ODD = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
ODD = st.recursive(ODD, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@given(where=st.sampled_from(PLACES), arbitrary_value=ODD)
@settings(max_examples=150)
def test_arbitrary_values_do_not_crash_checks(where, arbitrary_value):
    file, (*path, last) = where
    data = copy.deepcopy(ASSETS)
    inner = data[file]
    for key in path:
        inner = inner[key]
    inner[last] = arbitrary_value
    files = Files({name: (name.split("/")[0], each) for name, each in data.items()})
    if not find_problems(files):
        bundle = files.bundle()
        for asset in bundle:
            complete(asset, bundle, SETTINGS)
