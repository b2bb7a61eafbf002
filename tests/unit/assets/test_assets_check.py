"""Each rule of `check`, with a case that it rejects."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_assets import ASSETS, SETTINGS, component, uuid_of

from scripts.assets.bundle import Files
from scripts.assets.check import find_problems, sound_bundle
from scripts.assets.complete import complete
from scripts.errors import UserError

CHART = "charts/sales/by_region.yaml"
TABLE = "charts/sales/rows.yaml"
DATASET = "datasets/reports/sales.yaml"
DATABASE = "databases/warehouse.yaml"
DASHBOARD = "dashboards/sales.yaml"


def test_the_sample_is_sound(assets, write):
    assert find_problems(write(assets)) == []


def without(name):
    def change(data):
        del data[name]

    return change


def value(name, new):
    def change(data):
        *path, last = name.split(".")
        for key in path:
            data = data[key]
        data[last] = new

    return change


RULES = [
    (CHART, without("uuid"), "uuid is missing"),
    (CHART, value("uuid", "abc"), "is no uuid"),
    (CHART, value("uuid", 7), "uuid must be text"),
    (CHART, without("slice_name"), "slice_name is missing"),
    (CHART, value("slice_name", None), "slice_name must be text"),
    (CHART, value("params", []), "params must be a mapping"),
    (CHART, value("version", "2"), 'version "2" is unknown'),
    (CHART, value("slice_nmae", "x"), "slice_nmae is no field Superset knows; write slice_name"),
    (CHART, value("cache_timeout", True), "cache_timeout must be a whole number"),
    (CHART, value("params.viz_type", "table"), "viz_type is pie and params.viz_type is table"),
    (CHART, value("viz_type", "dist_bar"), "rewritten by Superset 6"),
    (CHART, value("viz_type", "pop_kpi"), "does not work"),
    (CHART, value("viz_type", "piie"), "viz_type piie is unknown; write pie"),
    (CHART, value("dataset_uuid", uuid_of("other")), "is in no file below datasets/"),
    (CHART, value("dataset_uuid", uuid_of("warehouse")), "is in no file below datasets/"),
    (CHART, value("dataset_uuid", "x"), 'dataset_uuid "x" is no uuid'),
    (CHART, value("uuid", uuid_of("Rows")), None),
    (DATASET, value("database_uuid", uuid_of("other")), "is in no file below databases/"),
    (DATASET, value("columns", [{"type": "TEXT"}]), "column_name is missing"),
    (DATASET, value("columns", ["region"]), "columns, entry 1 must be a mapping"),
    (DATASET, value("metrics", [{"metric_name": "n"}]), "expression is missing"),
    (DATASET, lambda d: d["columns"].append(d["columns"][0]), "amount stands there twice"),
    (DATABASE, value("sqlalchemy_uri", "postgresql://a:secret@h/d"), "holds a password"),
    (DATABASE, value("sqlalchemy_uri", "postgresql://a@${HOST}/d"), "no setting is called HOST"),
    (DASHBOARD, without("slug"), "slug is missing"),
    (DASHBOARD, without("position"), "position is missing"),
    (DASHBOARD, value("published", "yes"), "published must be true or false"),
    (DASHBOARD, value("position.CHART-1.meta", {}), "position.CHART-1.meta.uuid is missing"),
    (DASHBOARD, value("position.CHART-1.meta", 3), "position.CHART-1.meta must be a mapping"),
    (DASHBOARD, value("position.ROW-1.type", "LINE"), "type LINE is unknown"),
    (DASHBOARD, value("position.ROW-1", "x"), "position.ROW-1 must be a mapping"),
    (DASHBOARD, value("position.ROW-1.children", "CHART-1"), "must be a list of names"),
    (DASHBOARD, value("position.ROW-1.children", ["CHART-1"]), "CHART-2 is in no row or tab"),
    (DASHBOARD, value("position.GRID_ID.children", ["ROW-1", "ROW-2"]), "names ROW-2, which is"),
    (DASHBOARD, value("position.GRID_ID.children", ["ROW-1", "CHART-1"]), "stands in GRID_ID and"),
    (DASHBOARD, lambda d: d["position"].pop("ROOT_ID"), "position has no ROOT_ID"),
    (
        DASHBOARD,
        value("position.CHART-1", component("CHART", uuid=uuid_of("nobody"))),
        "which is in no file below charts/",
    ),
    (
        DASHBOARD,
        lambda d: d["metadata"]["native_filter_configuration"][0]["targets"][0].update(
            datasetUuid=uuid_of("nobody")
        ),
        "the filter Region reads the dataset",
    ),
    (
        DASHBOARD,
        value("metadata.native_filter_configuration", [{"id": "a", "targets": [{"datasetId": 3}]}]),
        "names its dataset by a number",
    ),
    (DASHBOARD, value("metadata.native_filter_configuration", {}), "must be a list"),
    (DASHBOARD, value("metadata.chart_configuration", [1]), "must be a mapping"),
]


@pytest.mark.parametrize(("path", "change", "expected"), RULES)
def test_a_rule_rejects(path, change, expected, assets, write):
    change(assets[path])
    found = [str(problem) for problem in find_problems(write(assets))]
    assert found
    if expected:
        assert any(line.startswith(f"{path}: ") and expected in line for line in found), found
    assert all(line.count("\n") == 0 and "; " in line for line in found)


def test_two_files_with_one_uuid(assets, write):
    assets["charts/sales/copy.yaml"] = assets[CHART]
    assert "its uuid is that of" in str(find_problems(write(assets))[0])


def test_two_dashboards_with_one_slug(assets, write):
    other = assets[DASHBOARD] | {"uuid": uuid_of("another dashboard")}
    found = find_problems(write(assets | {"dashboards/other.yaml": other}))
    assert 'the slug "sales" is that of dashboards/other.yaml too' in str(found[0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("slice_name: [x\nviz_type: pie\n", "line 2"),
        ("slice_name: a\nslice_name: b\n", "line 2: the key 'slice_name' stands there twice"),
        ("", "holds no fields"),
        ("- a\n", "holds no fields"),
        ("a: !!python/object:os.system {}\n", "line 1"),
        ("slice_name: \x00", "mend"),
    ],
)
def test_a_file_that_cannot_be_read(text, expected, assets, write):
    found = find_problems(write(assets | {TABLE: text}))
    assert any(str(p).startswith(TABLE) and expected in str(p) for p in found), found


def test_a_file_that_is_no_text(assets, write, tmp_path):
    write(assets)
    (tmp_path / "superset_assets" / TABLE).write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in str(find_problems(write({}))[0])


def test_a_missing_uuid_comes_with_a_way_to_make_one(assets, write):
    del assets[CHART]["uuid"]
    assert "uuid.uuid4()" in str(find_problems(write(assets))[0])


def test_the_first_finding_stops_a_push_in_one_line(assets, write, tmp_path):
    del assets[CHART]["uuid"]
    del assets[TABLE]["slice_name"]
    write(assets)
    with pytest.raises(UserError) as caught:
        sound_bundle(tmp_path)
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


@given(where=st.sampled_from(PLACES), odd=ODD)
@settings(max_examples=300)
def test_whatever_stands_anywhere_is_judged_without_a_crash(where, odd):
    file, (*path, last) = where
    data = copy.deepcopy(ASSETS)
    inner = data[file]
    for key in path:
        inner = inner[key]
    inner[last] = odd
    files = Files({name: (name.split("/")[0], each) for name, each in data.items()})
    if not find_problems(files):
        bundle = files.bundle()
        for asset in bundle:
            complete(asset, bundle, SETTINGS)
