"""A prune removes managed assets only, and none that something else uses."""

import copy

import pytest

from scripts.assets.files.bundle import Files
from scripts.assets.files.managed import LOCK, read_lock, read_previously_managed, record_managed
from scripts.assets.model.asset import Bundle
from scripts.assets.sync.last_push import last_pushed, removed_from_git, save_last_push
from scripts.assets.sync.plan import compare
from scripts.assets.sync.prune import plan_prune
from scripts.errors import UserError
from tests.unit.assets.sample_assets import ASSETS, uuid_of

ROWS, DASHBOARD, SALES = uuid_of("Rows"), uuid_of("dashboard"), uuid_of("sales")


def bundle(*without: str, **changed) -> Bundle:
    """The sample without these; `changed`: a chart's new title by its old one."""
    data = copy.deepcopy(ASSETS)
    for asset in data.values():
        if asset.get("slice_name") in changed:
            asset["slice_name"] = changed[asset["slice_name"]]
    every = Files({path: (path.split("/")[0], each) for path, each in data.items()}).bundle()
    return every.only({asset.uuid for asset in every} - set(without))


EVERY = {asset.uuid for asset in bundle()}


def pruned_titles(
    git: Bundle, live: Bundle, previously_managed: set[str] = EVERY, pushed: Bundle | None = None
):
    return [
        asset.title
        for asset in plan_prune(git, live, pushed or bundle(), previously_managed).remove
    ]


def test_assets_in_git_are_kept():
    assert pruned_titles(bundle(), bundle()) == []


def test_assets_removed_from_git_are_pruned_dashboards_first():
    git = bundle(DASHBOARD, ROWS, uuid_of("By region"), SALES)
    assert pruned_titles(git, bundle()) == ["Sales", "By region", "Rows", "sales"]


def test_unmanaged_assets_are_kept():
    assert pruned_titles(bundle(DASHBOARD, ROWS), bundle(), EVERY - {ROWS, DASHBOARD}) == []


def test_chart_on_dashboard_is_kept_until_push():
    result = plan_prune(bundle(ROWS), bundle(), bundle(), EVERY)
    ((asset, reason),) = result.keep
    assert (asset.title, result.remove) == ("Rows", [])
    assert 'dashboard "Sales" in Superset uses it; make push first' in reason


def test_assets_used_by_unmanaged_dashboard_are_kept():
    """Nobody but a stranger's dashboard shows the chart: chart, dataset and database stay."""
    git = Bundle()
    result = plan_prune(git, bundle(), bundle(), EVERY - {DASHBOARD})
    assert result.remove == []
    assert {asset.title for asset, _ in result.keep} == {"Rows", "By region", "sales", "warehouse"}


def test_assets_changed_in_superset_are_kept():
    live = bundle(DASHBOARD, Rows="Mine now")
    git = bundle(DASHBOARD, ROWS)
    result = plan_prune(git, live, bundle(), EVERY)
    assert [str(asset) for asset, _ in result.keep] == ['chart "Mine now"']
    assert "changed in Superset since the last push" in result.keep[0][1]
    readable_changes = plan_prune(git, live, bundle(), EVERY, force=True)
    assert [asset.title for asset in readable_changes.remove] == ["Mine now"]


def test_plan_shows_delete_without_last_push():
    (step,) = compare(bundle(ROWS), bundle(), None, EVERY)
    assert (step.action, step.origin) == ("delete", "removed from git")


def test_lock_only_grows(tmp_path):
    assert read_lock(tmp_path) == set()
    assert record_managed(tmp_path, bundle(ROWS)) is True
    assert ROWS not in read_previously_managed(tmp_path)
    assert record_managed(tmp_path, bundle()) is True
    text = (tmp_path / LOCK).read_text()
    assert record_managed(tmp_path, bundle(ROWS, DASHBOARD)) is False
    assert (tmp_path / LOCK).read_text() == text
    assert read_previously_managed(tmp_path) == EVERY


@pytest.mark.parametrize("line", ["<<<<<<< HEAD", "charts", "nonsense 1-2-3"])
def test_malformed_lock_line_is_error(tmp_path, line):
    (tmp_path / LOCK).write_text(f"# head\ncharts {ROWS}\n{line}\n")
    with pytest.raises(UserError, match=r"owned\.lock, line 3: .*after a merge"):
        read_lock(tmp_path)


def test_edit_of_removed_chart_survives_later_pushes(settings):
    """A push keeps the record of what is waiting for a prune, so the edit is still noticed."""
    smaller, live = bundle(DASHBOARD, ROWS), bundle(DASHBOARD, Rows="Edited in Superset")
    for _ in range(2):
        save_last_push(smaller | removed_from_git(last_bundle(settings), smaller, live), settings)
        (step,) = compare(smaller, live, last_pushed(settings), EVERY)
        assert step.origin == "removed from git, changed in Superset since the last push"
        result = plan_prune(smaller, live, last_pushed(settings), EVERY)
        assert [asset.title for asset, _ in result.keep] == ["Edited in Superset"]
    # Once it is gone from Superset, nothing is recorded any more.
    assert not removed_from_git(last_pushed(settings), smaller, smaller).assets


def last_bundle(settings) -> Bundle:
    return last_pushed(settings) or bundle(DASHBOARD)
