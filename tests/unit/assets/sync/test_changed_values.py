"""A changed setting is the origin of a difference, and a pull writes nothing."""

import copy

import pytest

from scripts.assets.files.bundle import Files
from scripts.assets.files.yaml_text import dump_yaml
from scripts.assets.model.asset import Bundle
from scripts.assets.model.complete import complete
from scripts.assets.model.database_uri import MASK
from scripts.assets.sync.changed_values import changed_values
from scripts.assets.sync.last_push import last_pushed, save_last_push, settings_of_last_push
from scripts.assets.sync.plan import SETTINGS, _with_changed_values, compare
from scripts.assets.sync.pull_plan import plan_pull
from scripts.assets.sync.server_assets import server_bundle
from tests.unit.assets.sample_assets import ASSETS, uuid_of

OLD = {"POSTGRES_HOST": "old.example.org", "SCHEMA_PREFIX": "ada_", "CERTIFIED_BY": "Ada"}
NEW = {"POSTGRES_HOST": "new.example.org", "SCHEMA_PREFIX": "bob_", "CERTIFIED_BY": "Bob"}


@pytest.fixture
def git() -> Bundle:
    data = copy.deepcopy(ASSETS)
    data["datasets/reports/sales.yaml"]["sql"] = "select 1 from ${SCHEMA_PREFIX}reports.raw"
    data["dashboards/sales.yaml"]["certified_by"] = "${CERTIFIED_BY}"
    return Files({path: (path.split("/")[0], each) for path, each in data.items()}).bundle()


def exported_files(git: Bundle, settings) -> dict[str, str]:
    files = {asset.path: dump_yaml(complete(asset, git, settings)) for asset in git}
    return {path: text.replace("p%40ss%2Fword", MASK) for path, text in files.items()}


def test_changed_setting_is_origin_of_difference(git, settings):
    before, now = (settings.model_copy(update={"extra_values": each}) for each in (OLD, NEW))
    save_last_push(git, before, pushed=True)
    # A pull with the new settings must not forget what the server still holds.
    save_last_push(git, now)
    then = settings_of_last_push(now)
    files = exported_files(git, before)
    server = server_bundle(files, now, git, last_pushed(now), then)
    assert {a.uuid: a.data for a in server} == {a.uuid: a.data for a in git}
    assert not plan_pull(git, server, last_pushed(now))
    values = changed_values(files, git, now, then)
    assert {change.field for changes in values.values() for change in changes} == {
        "sqlalchemy_uri", "schema", "sql", "certified_by",
    }  # fmt: skip
    steps = _with_changed_values(compare(git, server, last_pushed(now)), git, values)
    assert {step.origin for step in steps} == {SETTINGS}
    assert "p@ss" not in str([str(change) for step in steps for change in step.changes])
    # Once pushed, nothing is left.
    files = exported_files(git, now)
    save_last_push(git, now, pushed=True)
    assert not changed_values(files, git, now, settings_of_last_push(now))


def test_edit_next_to_changed_setting_is_only_change(git, settings):
    before, now = (settings.model_copy(update={"extra_values": each}) for each in (OLD, NEW))
    files = exported_files(git, before)
    path = "datasets/reports/sales.yaml"
    files[path] = files[path].replace("select 1", "select 2")
    server = server_bundle(files, now, git, git, before)
    (asset,) = plan_pull(git, server, git).written.values()
    assert asset.data["sql"] == "select 2 from ${SCHEMA_PREFIX}reports.raw"
    assert uuid_of("sales") in changed_values(files, git, now, before)


def test_old_push_record_is_readable(git, settings):
    save_last_push(git, settings)
    file = settings.state / "pushed" / "assets.json"
    items = file.read_text().partition('"assets": ')[2].rstrip().removesuffix("}")
    file.write_text(items)
    assert len(last_pushed(settings).assets) == len(git.assets)
    assert settings_of_last_push(settings) == settings


def test_asset_removed_from_git_equals_the_last_push(git, settings):
    """Else a prune would take the values of placeholders for changes made in Superset."""
    old = settings.model_copy(update={"extra_values": OLD})
    save_last_push(git, old, pushed=True)
    server = server_bundle(exported_files(git, old), old, Bundle(), last_pushed(old))
    assert {a.uuid: a.data for a in server} == {a.uuid: a.data for a in git}
