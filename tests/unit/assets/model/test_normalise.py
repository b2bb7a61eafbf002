"""An asset has one canonical form, whatever its source."""

import copy
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.assets.files.bundle import Files
from scripts.assets.files.yaml_text import dump_yaml, load_yaml
from scripts.assets.model.complete import complete
from scripts.assets.model.normalise import canonical
from scripts.assets.model.texts import plain_text
from scripts.assets.sync.server_assets import server_bundle
from tests.unit.assets.sample_assets import ASSETS, SETTINGS, uuid_of

NAMES = """groupby metric metrics adhoc_filters row_limit datasource slice_id annotation_layers
matrixify_enable matrixify_rows color_scheme show_legend extra_form_data column label
expressionType optionName dashboards"""
KEYS = st.sampled_from(NAMES.split())
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=10,
)
PARAMS = st.dictionaries(KEYS, VALUES, max_size=10)


def kind_of(path: str) -> str:
    return path.split("/")[0]


def shuffle_keys(data, rng: random.Random):
    """The same data with the keys of every mapping in another order."""
    if isinstance(data, dict):
        keys = list(data)
        rng.shuffle(keys)
        return {key: shuffle_keys(data[key], rng) for key in keys}
    return [shuffle_keys(item, rng) for item in data] if isinstance(data, list) else data


@given(PARAMS, st.sampled_from(["pie", "table", "handlebars", "echarts_timeseries_line"]))
def test_canonical_chart_is_fixed_point(params, viz_type):
    data = ASSETS["charts/sales/by_region.yaml"] | {
        "viz_type": viz_type,
        "params": params | {"viz_type": viz_type},
    }
    before = copy.deepcopy(data)
    once = canonical("charts", data)
    assert canonical("charts", once) == once
    assert dump_yaml(canonical("charts", once)) == dump_yaml(once)
    assert data == before, "the input must stay as it is"


NOISE = st.dictionaries(
    st.sampled_from(
        [
            "description",
            "extra",
            "cache_timeout",
            "id",
            "theme_id",
            "css",
            "certified_by",
            "offset",
            "published",
            "external_url",
            "is_managed_externally",
            "query_context",
            "a_field_of_tomorrow",
        ]
    ),
    VALUES,
    max_size=6,
)
SETTINGS_NOISE = st.dictionaries(
    st.sampled_from(
        [
            "color_scheme",
            "refresh_frequency",
            "label_colors",
            "map_label_colors",
            "import_time",
            "positions",
            "cross_filters_enabled",
            "a_setting_of_tomorrow",
        ]
    ),
    VALUES,
    max_size=5,
)


@pytest.mark.parametrize("path", [path for path in ASSETS if not path.startswith("charts/")])
@given(noise=NOISE, more=SETTINGS_NOISE)
@settings(max_examples=50)
def test_canonical_asset_is_fixed_point(path, noise, more):
    data = copy.deepcopy(ASSETS[path]) | noise
    if kind_of(path) == "databases":
        data["extra"] = more
    elif kind_of(path) == "datasets":
        data["columns"] = [column | noise | {"extra": more} for column in data["columns"]]
    else:
        data["metadata"] = data["metadata"] | more
    once = canonical(kind_of(path), data)
    assert canonical(kind_of(path), once) == once
    assert dump_yaml(canonical(kind_of(path), load_yaml(dump_yaml(once)))) == dump_yaml(once)


@pytest.mark.parametrize("path", ASSETS)
@given(seed=st.integers())
def test_order_of_keys_is_ignored(path, seed):
    data = ASSETS[path]
    other = shuffle_keys(data, random.Random(seed))
    assert dump_yaml(canonical(kind_of(path), other)) == dump_yaml(canonical(kind_of(path), data))


@given(seed=st.integers())
def test_order_of_columns_is_ignored(seed):
    data = copy.deepcopy(ASSETS["datasets/reports/sales.yaml"])
    random.Random(seed).shuffle(data["columns"])
    expected = canonical("datasets", ASSETS["datasets/reports/sales.yaml"])
    assert canonical("datasets", data) == expected


def exported_files(settings, numbers: list[int]) -> dict[str, str]:
    """The assets as a server that gave these numbers to its charts would export them."""
    files = Files({path: (kind_of(path), copy.deepcopy(data)) for path, data in ASSETS.items()})
    git = files.bundle()
    answer = {}
    for asset in git:
        data = complete(asset, git, settings)
        if asset.kind == "databases":
            data["sqlalchemy_uri"] = data["sqlalchemy_uri"].replace("p%40ss%2Fword", "X" * 10)
        if asset.kind == "charts":
            data["query_context"] = None
            data["params"]["datasource"] = f"{numbers[0]}__table"
            data["params"]["slice_id"] = numbers[1]
        if asset.kind == "dashboards":
            given_number = dict(zip((1, 2), numbers, strict=False))
            for node in data["position"].values():
                if isinstance(node, dict) and node["type"] == "CHART":
                    node["meta"]["chartId"] = given_number[node["meta"]["chartId"]]
            entry = data["metadata"]["native_filter_configuration"][0]
            entry["scope"]["excluded"] = [given_number[n] for n in entry["scope"]["excluded"]]
            entry["chartsInScope"] = numbers
            data["theme_uuid"] = None
        answer[f"{asset.kind}/{asset.title}_{numbers[0]}.yaml"] = dump_yaml(data)
    return answer


@given(numbers=st.lists(st.integers(1, 10_000), min_size=2, max_size=2, unique=True))
def test_server_ids_and_file_names_are_ignored(numbers):
    files = Files({path: (kind_of(path), data) for path, data in ASSETS.items()})
    live = server_bundle(exported_files(SETTINGS, numbers), SETTINGS)
    assert {a.uuid: a.data for a in live} == {a.uuid: a.data for a in files.bundle()}


@given(st.text())
def test_text_is_preserved(text):
    data = ASSETS["charts/sales/rows.yaml"] | {
        "slice_name": text,
        "params": {"viz_type": "handlebars", "handlebarsTemplate": text, "list": [text]},
        "viz_type": "handlebars",
    }
    result = canonical("charts", data)
    assert result["slice_name"] == text
    assert result["params"]["list"] == [text]
    assert result["params"].get("handlebarsTemplate", "") == plain_text(text)


AWKWARD = [
    "0",
    "1.10",
    "null",
    "{{name}}",
    "${HOME}",
    "😀 \u202eשלום",
    "مرحبا",
    "a\u0000b"[::2],
    "yes",
]
AWKWARD += [
    "2026-01-31",
    "~",
    " x ",
    "a\n\n b\t",
    "\r\n",
    "\u2028",
    "'\"",
    "# x",
    "- a",
    "1e3",
    "0x1f",
    "",
]


@given(
    text=st.sampled_from(AWKWARD) | st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]))
)
@settings(max_examples=50)
def test_text_survives_push_and_pull(text):
    """Through every step that is ours: file, canonical form, bundle, export, canonical form."""
    data = copy.deepcopy(ASSETS)
    chart, dataset, dashboard = (
        data[path]
        for path in (
            "charts/sales/rows.yaml",
            "datasets/reports/sales.yaml",
            "dashboards/sales.yaml",
        )
    )
    chart["slice_name"] = text
    chart["params"] |= {"all_columns": [text], "labels": {text: text}}
    dataset["metrics"][0]["expression"] = dataset["columns"][0]["description"] = text
    dashboard["css"] = dashboard["position"]["CHART-1"]["meta"]["sliceNameOverride"] = text
    dashboard["metadata"]["label_colors"] = {text: text}
    git_files = {path: load_yaml(dump_yaml(each)) for path, each in data.items()}
    git = Files({path: (kind_of(path), each) for path, each in git_files.items()}).bundle()
    files = {asset.path: dump_yaml(complete(asset, git, SETTINGS)) for asset in git}
    files = {path: each.replace("p%40ss%2Fword", "X" * 10) for path, each in files.items()}
    live = server_bundle(files, SETTINGS, git)
    assert {a.uuid: a.data for a in live} == {a.uuid: a.data for a in git}
    result = live.get(chart["uuid"]).data
    assert result["slice_name"] == text
    assert result["params"]["labels"] == {text: text}
    (result,) = live.kind("dashboards")
    assert result.data["position"]["CHART-1"]["meta"]["sliceNameOverride"] == text
    assert result.data.get("css", "") == plain_text(text)


def test_editor_noise_is_removed():
    data = copy.deepcopy(ASSETS["charts/sales/by_region.yaml"])
    noisy = copy.deepcopy(data)
    noisy["query_context"] = '{"datasource": {"id": 3}}'
    noisy["params"] |= {
        "datasource": "3__table",
        "slice_id": 7,
        "dashboards": [1],
        "annotation_layers": [],
        "extra_form_data": {},
        "matrixify_enable": False,
        "matrixify_mode_rows": "disabled",
        "dashboardId": 4,
    }
    assert canonical("charts", noisy) == canonical("charts", data)


def test_enabled_feature_is_kept():
    data = copy.deepcopy(ASSETS["charts/sales/by_region.yaml"])
    data["params"] |= {"matrixify_enable": True, "matrixify_mode_rows": "metrics"}
    assert canonical("charts", data)["params"]["matrixify_mode_rows"] == "metrics"


def test_column_id_in_metric_is_removed():
    data = copy.deepcopy(ASSETS["charts/sales/by_region.yaml"])
    data["params"]["metric"] = {
        "expressionType": "SIMPLE",
        "aggregate": "AVG",
        "column": {"id": 12, "column_name": "amount", "type": "FLOAT", "verbose_name": None},
        "optionName": "metric_a8s7d6",
        "hasCustomLabel": False,
    }
    assert canonical("charts", data)["params"]["metric"] == {
        "expressionType": "SIMPLE",
        "aggregate": "AVG",
        "column": {"column_name": "amount", "type": "FLOAT"},
    }


def test_redundant_settings_are_removed():
    data = copy.deepcopy(ASSETS["dashboards/sales.yaml"])
    noisy = copy.deepcopy(data)
    noisy["position"]["HEADER_ID"] = {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": "x"}}
    noisy["metadata"] |= {
        "chart_configuration": {uuid_of("Rows"): {"id": 2, "crossFilters": {"scope": "global"}}},
        "global_chart_configuration": {
            "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
            "chartsInScope": [1, 2],
        },
        "map_label_colors": {"north": "#fff"},
        "shared_label_colors": [],
        "color_scheme": "",
        "cross_filters_enabled": True,
        "refresh_frequency": 0,
        "expanded_slices": {},
    }
    assert canonical("dashboards", noisy) == canonical("dashboards", data)


def test_cross_filter_scope_is_kept_by_chart_uuid():
    data = copy.deepcopy(ASSETS["dashboards/sales.yaml"])
    data["position"]["CHART-1"]["meta"]["chartId"] = 11
    data["position"]["CHART-2"]["meta"]["chartId"] = 12
    scope = {"rootPath": ["ROOT_ID"], "excluded": [12]}
    data["metadata"]["chart_configuration"] = {
        "11": {"id": 11, "crossFilters": {"scope": scope, "chartsInScope": [11]}}
    }
    data["metadata"]["expanded_slices"] = {"12": True}
    data["metadata"]["timed_refresh_immune_slices"] = [11, 99]
    metadata = canonical("dashboards", data)["metadata"]
    expected_scope = {"rootPath": ["ROOT_ID"], "excluded": [uuid_of("Rows")]}
    assert metadata["chart_configuration"] == {
        uuid_of("By region"): {"crossFilters": {"scope": expected_scope}}
    }
    assert metadata["expanded_slices"] == {uuid_of("Rows"): True}
    assert metadata["timed_refresh_immune_slices"] == [uuid_of("By region")]


def test_hidden_setting_removed_from_git_stays_removed():
    """A chart that was pushed with query_mode raw has lost its raw columns in git since then."""
    before = copy.deepcopy(ASSETS)
    chart = before["charts/sales/rows.yaml"]
    chart["params"] |= {"query_mode": "raw", "all_columns": ["region"]}
    after = copy.deepcopy(before)
    params = after["charts/sales/rows.yaml"]["params"]
    params["query_mode"] = "aggregate"
    del params["all_columns"]
    pushed, git = (
        Files({path: (kind_of(path), data) for path, data in files.items()}).bundle()
        for files in (before, after)
    )
    server_files = {asset.path: dump_yaml(complete(asset, git, SETTINGS)) for asset in git}
    live = server_bundle(server_files, SETTINGS, git, pushed)
    assert live.get(chart["uuid"]).data == git.get(chart["uuid"]).data
