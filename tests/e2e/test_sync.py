"""Dashboards as code, against the running stack: push, pull, check and their refusals."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from scripts.assets.browser import signed_in
from scripts.assets.live import live_bundle
from scripts.assets.preset import export
from scripts.assets.superset import Superset


class Project:
    """The clone's assets and the server that shows them."""

    def __init__(self, stack) -> None:
        self.stack = stack
        self.folder: Path = stack.root / "superset_assets"
        self.superset = Superset(stack.settings)

    def run(self, *command: str) -> str:
        """Run a verb that has to succeed."""
        done = self.stack.run(*command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def fails(self, *command: str) -> str:
        """Run a verb that has to fail; the one line of its error."""
        done = self.stack.run(*command)
        assert done.returncode == 1, done.stdout + done.stderr
        errors = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
        assert len(errors) == 1, done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        return errors[0]

    def files(self) -> dict[str, str]:
        """The text of every file of the assets."""
        return {
            file.relative_to(self.folder).as_posix(): file.read_text(encoding="utf-8")
            for file in sorted(self.folder.rglob("*.yaml"))
        }

    def chart(self) -> tuple[Path, dict]:
        """A chart's file and what it holds."""
        file = sorted((self.folder / "charts").rglob("*.yaml"))[0]
        return file, yaml.safe_load(file.read_text(encoding="utf-8"))

    def rename(self, title: str) -> Path:
        """Give that chart another title in Superset; its file."""
        file, data = self.chart()
        number = self.superset.number("chart", data["uuid"])
        self.superset.change("chart", number, {"slice_name": title})
        return file


@pytest.fixture
def project(stack):
    """The assets as they are in git, pushed; put back afterwards."""
    kept = stack.root / ".assets-before-test"
    shutil.copytree(stack.root / "superset_assets", kept)
    project = Project(stack)
    project.run("push")
    yield project
    shutil.rmtree(project.folder)
    kept.rename(project.folder)
    project.run("push", "--force")


def changed_lines(before: str, after: str) -> list[str]:
    return sorted(set(before.splitlines()) ^ set(after.splitlines()))


def test_the_committed_files_pass_the_static_checks_and_every_query_has_rows(project):
    said = project.run("check")
    assert "All is well" in said
    assert re.search(r"\d+ rows, \d+ ms", said)


def test_a_second_push_has_nothing_to_do(project):
    said = project.run("push")
    assert "Nothing to do" in said
    assert "Pushing" not in said


def test_push_then_pull_leaves_no_difference(project):
    before = project.files()
    assert "Nothing to do" in project.run("pull")
    assert project.files() == before
    status = subprocess.run(
        ["git", "status", "--porcelain", "superset_assets"],
        cwd=project.stack.root,
        capture_output=True,
        text=True,
    )
    assert status.stdout == ""


def test_both_ways_to_export_say_the_same(project):
    settings = project.stack.settings
    over_rest = live_bundle(project.superset.export(), settings)
    with_preset = live_bundle(export(settings), settings)
    assert {a.uuid: a.data for a in over_rest} == {a.uuid: a.data for a in with_preset}


def test_a_title_changed_in_superset_is_a_difference_of_one_field(project):
    before = project.files()
    assert "No difference" in project.run("plan")
    path = project.rename("A new title").relative_to(project.folder).as_posix()
    plan = project.stack.run("plan")
    assert plan.returncode == 2
    assert "changed in Superset since the last push" in plan.stdout
    assert "1 to update" in plan.stdout
    assert '"A new title"' in project.run("pull")
    after = project.files()
    assert {name for name in after if after[name] != before[name]} == {path}
    lines = changed_lines(before[path], after[path])
    assert len(lines) == 2
    assert all(line.startswith("slice_name: ") for line in lines)
    assert "Nothing to do" in project.run("push")


def test_titles_survive_byte_for_byte(project):
    files = sorted((project.folder / "charts").rglob("*.yaml"))
    titles = ["0", "1.10", "null", "{{handlebars}} ${HOME}", "😀 שלום", "a: 'b' # c", "2026-01-31"]
    renamed = dict(zip(files, titles, strict=False))
    for file, title in renamed.items():
        uuid = yaml.safe_load(file.read_text(encoding="utf-8"))["uuid"]
        number = project.superset.number("chart", uuid)
        project.superset.change("chart", number, {"slice_name": title})
    project.run("pull")
    for file, title in renamed.items():
        assert yaml.safe_load(file.read_text(encoding="utf-8"))["slice_name"] == title


def test_a_change_made_in_superset_is_not_overwritten(project):
    file = project.rename("Changed in the browser")
    with file.open("a", encoding="utf-8") as more:
        more.write("cache_timeout: 60\n")
    error = project.fails("push")
    assert "Changed in the browser" in error
    assert "make pull" in error
    assert "FORCE=1" in error


def test_changes_on_both_sides_come_together(project):
    file = project.rename("From the browser")
    with file.open("a", encoding="utf-8") as more:
        more.write("cache_timeout: 60\n")
    project.run("pull")
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert (data["slice_name"], data["cache_timeout"]) == ("From the browser", 60)
    assert "cache_timeout" in project.run("push")
    assert "Nothing to do" in project.run("pull")


def test_a_dashboard_that_names_a_missing_chart_is_refused_before_anything_is_sent(project):
    file, data = project.chart()
    file.unlink()
    live = project.superset.export()
    error = project.fails("push")
    assert data["uuid"] in error
    assert "dashboards/" in error
    timeless = {name: text for name, text in live.items() if name != "metadata.yaml"}
    again = {n: t for n, t in project.superset.export().items() if n != "metadata.yaml"}
    assert again == timeless


def test_a_file_without_uuid_is_named(project):
    file, data = project.chart()
    text = file.read_text(encoding="utf-8").replace(f"uuid: {data['uuid']}\n", "", 1)
    file.write_text(text, encoding="utf-8")
    error = project.fails("push")
    assert (
        f"superset_assets/{file.relative_to(project.folder).as_posix()}: uuid is missing" in error
    )


def test_a_broken_query_is_one_line_of_check(project):
    file, data = project.chart()
    data["params"]["adhoc_filters"] = [
        {"expressionType": "SQL", "clause": "WHERE", "sqlExpression": "no_such_column = 1"}
    ]
    file.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    project.run("format-assets")
    done = project.stack.run("check")
    assert done.returncode == 1
    lines = [line for line in done.stdout.splitlines() if line.startswith("superset_assets/")]
    assert len(lines) == 1
    assert data["slice_name"] in lines[0]
    assert "no_such_column" in lines[0]


def test_a_chart_deleted_in_superset_is_told_and_comes_back(project):
    file, data = project.chart()
    number = project.superset.number("chart", data["uuid"])
    project.superset.delete("chart", number)
    before = project.files()
    said = project.run("pull")
    assert data["slice_name"] in said
    assert "is not in Superset" in said
    assert (
        project.files()[file.relative_to(project.folder).as_posix()]
        == before[file.relative_to(project.folder).as_posix()]
    )
    project.run("push", "--force")
    assert project.superset.number("chart", data["uuid"]) is not None


def test_a_wrong_password_is_one_line(project):
    file = project.stack.root / ".env"
    text = file.read_text(encoding="utf-8")
    try:
        file.write_text(
            re.sub(r"(?m)^SUPERSET_ADMIN_PASSWORD=.*$", "SUPERSET_ADMIN_PASSWORD=wrong", text)
        )
        for verb in ("push", "pull", "check"):
            error = project.fails(verb)
            assert "does not accept the password" in error
            assert "SUPERSET_ADMIN_PASSWORD" in error
    finally:
        file.write_text(text, encoding="utf-8")


def test_no_password_is_in_the_files(project):
    project.run("pull")
    text = "".join(project.files().values())
    assert "_PASSWORD}@" in text
    assert project.stack.settings.dashboard_password not in text


def test_a_save_in_the_browser_without_a_change_is_no_difference(project):
    one_of_each = {}
    for file in sorted((project.folder / "charts").rglob("*.yaml")):
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        one_of_each.setdefault(data["viz_type"], data["uuid"])
    settings = project.stack.settings
    login = (settings.superset_url, settings.superset_admin_user, settings.superset_admin_password)
    with signed_in(*login) as page:
        for uuid in one_of_each.values():
            save_chart(page, settings.superset_url, project.superset.number("chart", uuid))
    assert "Nothing to do" in project.run("pull")


def test_a_dashboards_title_changed_in_the_browser_is_a_difference_of_one_field(project):
    before = project.files()
    path = next(name for name in before if name.startswith("dashboards/"))
    slug = yaml.safe_load(before[path])["slug"]
    settings = project.stack.settings
    login = (settings.superset_url, settings.superset_admin_user, settings.superset_admin_password)
    with signed_in(*login) as page:
        page.goto(f"{settings.superset_url}/superset/dashboard/{slug}/?edit=true")
        title = page.locator('[data-test="editable-title-input"]').first
        title.click()
        title.fill("A new title")
        title.press("Enter")
        with page.expect_response(lambda answer: answer.request.method == "PUT"):
            page.locator('[data-test="header-save-button"]').click()
    project.run("pull")
    after = project.files()
    assert {name for name in after if after[name] != before[name]} == {path}
    lines = changed_lines(before[path], after[path])
    assert [line.split(":")[0] for line in lines] == ["dashboard_title", "dashboard_title"]


def save_chart(page, url: str, number: int) -> None:
    """Open a chart in the editor and save it as it is."""
    # The few charts of Superset's older kind ask another address for their data.
    with page.expect_response(re.compile(r"/api/v1/chart/data|/explore_json/")):
        page.goto(f"{url}/explore/?slice_id={number}")
    page.locator('[data-test="query-save-button"]:not([disabled])').click()
    page.locator('[data-test="save-overwrite-radio"]').check()
    with page.expect_response(
        lambda answer: answer.request.method == "PUT" and "/api/v1/chart/" in answer.url
    ):
        page.locator('[data-test="btn-modal-save"]').click()
