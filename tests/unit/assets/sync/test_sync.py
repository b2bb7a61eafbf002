"""Plans of push and pull, computed without a server."""

import copy
import json
import re
from dataclasses import replace

import pytest

from scripts.assets.checks.references import reference_problems
from scripts.assets.client import preset
from scripts.assets.files.bundle import Files, snake, with_path, write_asset
from scripts.assets.files.yaml_text import dump_yaml
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.complete import complete
from scripts.assets.model.diff import changes, differences
from scripts.assets.model.layout import complete_position, without_charts
from scripts.assets.model.merge import merge
from scripts.assets.sync.last_push import last_pushed, save_last_push
from scripts.assets.sync.links import link_problems
from scripts.assets.sync.plan import compare
from scripts.assets.sync.pull_plan import plan_pull, removed_on_server
from scripts.assets.sync.push import _complete_selection, _refuse_taken_slugs, _refuse_to_overwrite
from scripts.assets.sync.server_assets import managed_assets, server_bundle
from scripts.errors import UserError
from tests.unit.assets.sample_assets import ASSETS, uuid_of


def bundle(**changed) -> Bundle:
    """The sample in canonical form; `changed`: a field's new value by the chart's title."""
    data = copy.deepcopy(ASSETS)
    for asset in data.values():
        asset |= changed.get(asset.get("slice_name", "").replace(" ", "_"), {})
    return Files({path: (path.split("/")[0], each) for path, each in data.items()}).bundle()


ROWS = uuid_of("Rows")


def test_title_changed_in_superset_is_one_field():
    plan = plan_pull(bundle(), bundle(Rows={"slice_name": "New"}), bundle())
    (difference,) = plan.write
    assert [change.field for change in difference.changes] == ["slice_name"]
    assert difference.asset.path == "charts/sales/rows.yaml"
    assert str(difference) == 'chart "New": slice_name: "Rows" → "New"'


def test_pull_keeps_changes_made_in_git():
    plan = plan_pull(bundle(Rows={"description": "mine"}), bundle(), bundle())
    assert not plan.write
    assert not plan.conflicts


def test_pull_merges_changes_of_both_sides():
    plan = plan_pull(
        bundle(Rows={"description": "mine"}), bundle(Rows={"slice_name": "Theirs"}), bundle()
    )
    (asset,) = plan.written.values()
    assert (asset.data["slice_name"], asset.data["description"]) == ("Theirs", "mine")


def test_same_field_changed_on_both_sides_is_conflict():
    plan = plan_pull(
        bundle(Rows={"description": "mine"}), bundle(Rows={"description": "theirs"}), bundle()
    )
    assert plan.conflicts == ['chart "Rows": description']


def test_pull_keeps_assets_deleted_in_superset():
    live = bundle().only({a.uuid for a in bundle()} - {ROWS})
    assert [asset.title for asset in removed_on_server(bundle(), live, bundle())] == ["Rows"]
    assert not plan_pull(bundle(), live, bundle())


def test_confirmed_deletion_updates_layout():
    live = bundle().only({a.uuid for a in bundle()} - {ROWS})
    plan = plan_pull(bundle(), live, bundle(), removed_on_server(bundle(), live, bundle()))
    (dashboard,) = plan.written.values()
    assert "CHART-2" not in dashboard.data["position"]
    assert dashboard.data["position"]["ROW-1"]["children"] == ["CHART-1"]
    assert "removed chart" in plan.summary()
    git = bundle(Rows={"description": "mine"})
    removals = removed_on_server(git, live, bundle())
    assert plan_pull(git, live, bundle(), removals).conflicts == [
        'chart "Rows": changed here and removed there'
    ]


def test_assets_never_pushed_are_not_deleted():
    live = bundle().only({a.uuid for a in bundle()} - {ROWS})
    assert removed_on_server(bundle(), live, live) == []
    assert removed_on_server(bundle(), live, None) == []
    assert removed_on_server(bundle(), Bundle(), bundle()) == []


def test_assets_removed_from_git_return_only_for_dashboard():
    every = bundle()
    dashboard = every.kind("dashboards")[0]
    position = without_charts(dashboard.data["position"], {ROWS})
    smaller = replace(dashboard, data=dashboard.data | {"position": position})
    git = every.only({a.uuid for a in every} - {ROWS}) | Bundle.of([smaller])
    assert not plan_pull(git, managed_assets(every, git), every)
    rest = every.only({a.uuid for a in every} - {ROWS})
    (uuid,) = plan_pull(rest, managed_assets(every, rest), rest).written
    assert uuid == ROWS


def test_layout_without_charts_has_no_row():
    dashboard = bundle().kind("dashboards")[0]
    layout = without_charts(dashboard.data["position"], {ROWS, uuid_of("By region")})
    assert set(layout) == {"DASHBOARD_VERSION_KEY", "ROOT_ID", "GRID_ID"}
    assert layout["GRID_ID"]["children"] == []


def test_chart_added_to_managed_dashboard_is_pulled():
    live = bundle()
    git = live.only({a.uuid for a in live} - {ROWS})
    assert ROWS in managed_assets(live, git)
    (difference,) = plan_pull(git, managed_assets(live, git), git).write
    assert difference.asset.path == "charts/sales/rows.yaml"
    assert str(difference) == 'new chart "Rows"'


def test_unmanaged_assets_are_ignored():
    live = bundle()
    git = live.only({uuid_of("warehouse")})
    assert [asset.kind for asset in managed_assets(live, git)] == ["databases"]


def test_foreign_files_on_server_are_ignored(settings):
    strange = {
        "charts/a_1.yaml": {
            "slice_name": "a",
            "uuid": uuid_of("a"),
            "params": "{",
            "viz_type": "x",
        },
        "dashboards/b_1.yaml": {"dashboard_title": "b", "uuid": uuid_of("b"), "slug": None},
        "databases/c.yaml": {
            "database_name": "c",
            "uuid": uuid_of("c"),
            "sqlalchemy_uri": "bigquery://",
            "extra": None,
        },
        "themes/d.yaml": {"theme_name": "d"},
        "metadata.yaml": {"type": "assets"},
    }
    live = server_bundle({path: dump_yaml(data) for path, data in strange.items()}, settings)
    assert {asset.title for asset in live} == {"a", "b", "c"}
    assert not list(managed_assets(live, bundle()))


def test_push_refuses_to_overwrite_superset_changes():
    with pytest.raises(UserError, match=r'since the last push: chart "New".*make pull.*FORCE=1'):
        _refuse_to_overwrite(bundle(), bundle(Rows={"slice_name": "New"}), bundle())


def test_first_push_refuses_to_overwrite():
    with pytest.raises(UserError, match="no push from here is known"):
        _refuse_to_overwrite(bundle(), bundle(Rows={"slice_name": "New"}), None)


def test_push_of_git_changes_is_accepted():
    _refuse_to_overwrite(bundle(Rows={"slice_name": "New"}), bundle(), bundle())


def test_push_refuses_slug_of_other_dashboard():
    live = bundle()
    dashboard = live.kind("dashboards")[0]
    other = replace(dashboard, data=dashboard.data | {"uuid": uuid_of("other")})
    with pytest.raises(UserError, match="belongs to another dashboard"):
        _refuse_taken_slugs(bundle(), Bundle.of([other]))


def test_last_push_is_stored(settings):
    assert last_pushed(settings) is None
    save_last_push(bundle(), settings)
    result = last_pushed(settings)
    assert result is not None
    assert differences(result, bundle()) == []


def test_damaged_push_record_is_ignored(settings):
    save_last_push(bundle(), settings)
    next((settings.state / "pushed").iterdir()).write_text("[1")
    assert last_pushed(settings) is None


@pytest.mark.parametrize(
    ("base", "local", "remote", "merged", "conflicts"),
    [
        ({"a": 1}, {"a": 1}, {"a": 2}, {"a": 2}, []),
        ({"a": 1}, {"a": 2}, {"a": 1}, {"a": 2}, []),
        ({"a": 1}, {"a": 1, "b": 2}, {"c": 3}, {"c": 3, "b": 2}, []),
        ({"a": {"x": 1}}, {"a": {"x": 1, "y": 2}}, {"a": {"x": 3}}, {"a": {"x": 3, "y": 2}}, []),
        ({"a": [1]}, {"a": [2]}, {"a": [3]}, {"a": [3]}, ["a"]),
        ({"a": 1}, {}, {"a": 2}, {"a": 2}, ["a"]),
        ({"a": 1}, {"a": True}, {"a": 1}, {"a": True}, []),
        ({}, {"a": 1}, {"a": 1}, {"a": 1}, []),
    ],
)
def test_merge(base, local, remote, merged, conflicts):
    assert merge(base, local, remote) == (merged, conflicts)


def test_type_change_is_change():
    assert [str(each) for each in changes({"a": "1"}, {"a": 1})] == ['a: "1" → 1']


@pytest.mark.parametrize(
    ("linked", "expected"),
    [
        ((1, 2), []),
        ((1, 2, 9), ['dashboard "Sales" shows 1 charts too many']),
        ((), ['dashboard "Sales" lacks By region, Rows']),
    ],
)
def test_links_between_dashboards_and_charts_are_verified(linked, expected, settings):
    git = bundle()
    dashboard = git.kind("dashboards")[0]
    exported_files = {"dashboards/Sales_1.yaml": dump_yaml(complete(dashboard, git, settings))}
    links = {dashboard.uuid: set(linked)}
    assert list(link_problems(links, exported_files, git).values()) == expected


def test_push_selection_is_complete():
    git = bundle()
    dataset = uuid_of("sales")
    every = {asset.uuid for asset in git}
    assert {asset.uuid for asset in _complete_selection({ROWS}, git)} == every, (
        "its dashboard, with all of it"
    )
    assert {asset.uuid for asset in _complete_selection({uuid_of("warehouse")}, git)} == {
        uuid_of("warehouse")
    }
    git_without_dashboard = git.only(every - {uuid_of("dashboard")})
    selection = _complete_selection({ROWS}, git_without_dashboard)
    assert {asset.uuid for asset in selection} == {ROWS, dataset, uuid_of("warehouse")}
    assert reference_problems(_complete_selection({dataset}, git)) == []


def test_push_sends_all_fields(settings):
    git = bundle()
    chart = complete(git.get(ROWS), git, settings)
    assert chart["description"] is None
    assert chart["cache_timeout"] is None
    dataset = complete(git.get(uuid_of("sales")), git, settings)
    assert dataset["columns"][0]["groupby"] is True
    assert "password" not in json.dumps([chart, dataset])


def test_layout_for_superset_is_complete():
    position = bundle().kind("dashboards")[0].data["position"]
    full = complete_position(position, {ROWS: "Rows"})
    chart = full["CHART-2"]
    assert chart["parents"] == ["ROOT_ID", "GRID_ID", "ROW-1"]
    assert chart["id"] == "CHART-2"
    assert chart["meta"]["sliceName"] == "Rows"
    assert {full[key]["meta"]["chartId"] for key in ("CHART-1", "CHART-2")} == {1, 2}


def test_new_files_have_unique_names():
    result = [with_path(asset, bundle(), set()).path for asset in bundle()]
    assert result == [asset.path for asset in bundle()]
    chart = bundle().get(ROWS)
    assert with_path(chart, bundle(), {chart.path}).path == "charts/sales/rows_2.yaml"


@pytest.mark.parametrize(
    ("title", "stem"), [("Überblick: 10 %", "uberblick_10"), ("a/../b", "a_b"), ("😀", "")]
)
def test_file_name_from_title(title, stem):
    assert snake(title) == stem


def test_title_without_letters_gives_file_name():
    chart = bundle().get(ROWS)
    emoji_chart = Asset("charts", chart.data | {"slice_name": "😀"})
    assert with_path(emoji_chart, bundle(), set()).path == f"charts/sales/{ROWS[:8]}.yaml"


def test_unchanged_asset_is_not_written(tmp_path):
    chart = bundle().get(ROWS)
    assert write_asset(tmp_path, chart) is True
    assert write_asset(tmp_path, chart) is False


def test_server_error_names_file_and_field():
    answer = {
        "errors": [
            {
                "message": "Error importing dashboard",
                "extra": {
                    "charts/a.yaml": {"slice_name": ["Not a valid string."]},
                    "datasets/b.yaml": {"columns": {"0": {"type": ["Not a valid string."]}}},
                    "issue_codes": [{"code": 1010}],
                },
            }
        ]
    }
    assert preset._reasons(f"Password:\n{json.dumps(answer)}\n{{'x'}}\n") == (
        "charts/a.yaml: slice_name: Not a valid string; "
        "datasets/b.yaml: columns: 0: type: Not a valid string"
    )


def test_named_lists_are_compared_by_name():
    old = {"metrics": [{"label": "a", "sql": "AVG(x)"}, {"label": "b", "sql": "1"}]}
    new = {"metrics": [{"label": "a", "sql": "AVG(y)"}, {"label": "b", "sql": "1"}]}
    assert [str(change) for change in changes(old, new)] == ['metrics.a.sql: "AVG(x)" → "AVG(y)"']
    permutation = {"metrics": old["metrics"][::-1]}
    assert [str(change) for change in changes(old, permutation)] == [
        "metrics: ['a', 'b'] → ['b', 'a']"
    ]
    twice = {"metrics": [old["metrics"][0], new["metrics"][0]]}
    assert [change.field for change in changes(old, twice)] == ["metrics"]
    # What has no name is told apart by its place.
    old = {"filters": [{"subject": "a", "comparator": 1}, {"subject": "b", "comparator": 1}]}
    new = {"filters": [{"subject": "a", "comparator": 1}, {"subject": "b", "comparator": 2}]}
    assert [str(change) for change in changes(old, new)] == ["filters.2.comparator: 1 → 2"]


def test_plan_shows_titles_instead_of_uuids():
    """A filter that leaves out another chart, and a chart on another dataset."""
    live = bundle()
    dashboard = live.kind("dashboards")[0]
    (entry,) = dashboard.data["metadata"]["native_filter_configuration"]
    other = entry | {"scope": entry["scope"] | {"excluded": [uuid_of("By region")]}}
    metadata = {"native_filter_configuration": [other]}
    git = live | Bundle.of([replace(dashboard, data=dashboard.data | {"metadata": metadata})])
    (step,) = compare(git, live, live)
    assert "By region" in repr(step.changes[0].new)
    assert not re.search("[0-9a-f]{8}-[0-9a-f]{4}", repr(step.changes))
    other_bundle = bundle(Rows={"dataset_uuid": uuid_of("By region")})
    (difference,) = differences(live, other_bundle)
    assert str(difference) == 'chart "Rows": dataset_uuid: "sales" → "By region"'


@pytest.mark.parametrize(
    ("git", "live", "who"),
    [
        ({"description": "mine"}, {}, "changed in git"),
        ({}, {"description": "theirs"}, "changed in Superset since the last push"),
        ({"description": "mine"}, {"description": "theirs"}, "both: conflict in description"),
        ({"description": "mine"}, {"slice_name": "Theirs"}, "changed in both"),
    ],
)
def test_plan_names_origin_of_change(git, live, who):
    (step,) = compare(bundle(Rows=git), bundle(Rows=live), bundle())
    assert (step.action, step.origin) == ("update", who)
    (unknown,) = compare(bundle(Rows=git), bundle(Rows=live), None)
    assert unknown.origin == "no push from here is known"


def test_plan_distinguishes_new_from_removed():
    every = bundle()
    others = every.only({asset.uuid for asset in every} - {ROWS})

    def readable_changes(git, live, pushed):
        return [(step.action, step.asset.title, step.origin) for step in compare(git, live, pushed)]

    assert readable_changes(every, others, others) == [("create", "Rows", "new in git")]
    assert readable_changes(every, others, every) == [("create", "Rows", "deleted in Superset")]
    assert readable_changes(others, every, every) == [("delete", "Rows", "removed from git")]
    assert readable_changes(others, every, others) == [("pull", "Rows", "new in Superset")]
    assert readable_changes(every, every, None) == []
