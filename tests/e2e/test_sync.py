"""Dashboards as code on a running stack: push, pull, plan, check and their errors."""

import json
import re
import subprocess

import yaml

from scripts.assets.client import preset
from scripts.assets.sync.server_assets import server_bundle
from scripts.assets.sync.state import read_both


def changed_lines(before: str, after: str) -> list[str]:
    return sorted(set(before.splitlines()) ^ set(after.splitlines()))


def test_second_push_changes_nothing(pushed):
    output = pushed.run("push")
    assert "Nothing to do" in output
    assert "Pushing" not in output


def test_push_then_pull_has_no_difference(pushed):
    before = pushed.files()
    assert "Nothing to do" in pushed.run("pull")
    assert pushed.files() == before
    status = subprocess.run(
        ["git", "status", "--porcelain", "superset_assets"],
        cwd=pushed.stack.root,
        capture_output=True,
        text=True,
    )
    assert status.stdout == ""


def test_rest_export_equals_preset_cli_export(pushed, tmp_path):
    settings = pushed.stack.settings
    over_rest = server_bundle(pushed.superset.export(), settings)
    command = ["export-assets", str(tmp_path), "--disable-jinja-escaping", "--force-unix-eol"]
    assert preset.run(command, tmp_path, settings).returncode == 0
    files = {f.relative_to(tmp_path).as_posix(): f.read_text() for f in tmp_path.rglob("*.yaml")}
    with_preset = server_bundle(files, settings)
    # preset-cli exports no saved queries.
    exported = {asset.uuid: asset.data for asset in over_rest if asset.kind != "queries"}
    assert exported == {asset.uuid: asset.data for asset in with_preset}


def test_partial_export_equals_whole_export(project):
    superset, settings = project.superset, project.stack.settings

    def parts_are_the_whole() -> bool:
        full_export = superset.export()
        _, server_state = read_both(settings, unmanaged=True)
        parts = server_state.exported
        return {**parts, "metadata.yaml": ""} == {**full_export, "metadata.yaml": ""}

    assert parts_are_the_whole()
    _, chart = project.chart()
    number = superset.number("chart", chart["uuid"])
    dataset = superset.number("dataset", chart["dataset_uuid"])
    column, *others = superset.get("dataset", dataset)["columns"]
    other_columns = [{"id": other["id"], "column_name": other["column_name"]} for other in others]
    changed_column = {
        "id": column["id"],
        "column_name": column["column_name"],
        "verbose_name": "Other",
    }
    for resource, asset_number, fields in (
        ("chart", number, {"description": "Another."}),
        ("dashboard", superset.number("dashboard", "business"), {"css": ".a {}"}),
        ("dataset", dataset, {"columns": [changed_column, *other_columns]}),
        ("database", superset.rows("database")[0]["id"], {"allow_ctas": True}),
        ("chart", number, {"dashboards": []}),
    ):
        superset.change(resource, asset_number, fields)
        assert parts_are_the_whole(), (resource, fields)
    superset.delete("chart", number)
    assert parts_are_the_whole()


def test_title_changed_in_superset_is_one_field(project):
    before = project.files()
    assert "No difference" in project.run("plan")
    path = project.rename("A new title").relative_to(project.folder).as_posix()
    plan = project.command("plan")
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


TEXTS = ("0", "1.10", "null", "{{handlebars}} ${HOME}", "😀 שלום", "a: 'b' # c", "2026-01-31")


def test_text_survives_pull_and_push(project):
    files = sorted((project.folder / "charts").rglob("*.yaml"))
    of_text = dict(zip(files, TEXTS, strict=False))
    numbers = {}
    for file, text in of_text.items():
        uuid = yaml.safe_load(file.read_text(encoding="utf-8"))["uuid"]
        numbers[file] = project.superset.number("chart", uuid)
        project.superset.change("chart", numbers[file], {"slice_name": text})
    project.run("pull")
    for file, text in of_text.items():
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        assert data["slice_name"] == text
        # The same on the way there, deeper inside too.
        data["description"], data["params"]["a_note"] = text, [text]
        file.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    project.run("format-assets")
    before = project.files()
    project.run("push")
    for file, text in of_text.items():
        live = project.superset.get("chart", numbers[file])
        params = json.loads(live["params"])
        assert (live["slice_name"], live["description"]) == (text, text)
        assert params["a_note"] == [text]
    assert "Nothing to do" in project.run("pull")
    assert project.files() == before


def test_push_refuses_to_overwrite_superset_changes(project):
    file = project.rename("Changed in the browser")
    with file.open("a", encoding="utf-8") as more:
        more.write("cache_timeout: 60\n")
    error = project.fails("push")
    assert "Changed in the browser" in error
    assert "make pull" in error
    assert "FORCE=1" in error
    assert "Changed in the browser" in project.run("push", "--force")
    assert "No difference" in project.run("plan")


def test_changes_of_both_sides_are_merged(project):
    file = project.rename("From the browser")
    with file.open("a", encoding="utf-8") as more:
        more.write("cache_timeout: 60\n")
    project.run("pull")
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert (data["slice_name"], data["cache_timeout"]) == ("From the browser", 60)
    assert "cache_timeout" in project.run("push")
    assert "Nothing to do" in project.run("pull")


def test_dashboard_with_missing_chart_is_refused_before_sending(project):
    file, data = project.chart()
    file.unlink()
    live = project.superset.export()
    error = project.fails("push")
    assert data["uuid"] in error
    assert "dashboards/" in error
    contents = {name: text for name, text in live.items() if name != "metadata.yaml"}
    contents_after = {n: t for n, t in project.superset.export().items() if n != "metadata.yaml"}
    assert contents_after == contents


def test_file_without_uuid_is_error(project):
    file, data = project.chart()
    text = file.read_text(encoding="utf-8").replace(f"uuid: {data['uuid']}\n", "", 1)
    file.write_text(text, encoding="utf-8")
    error = project.fails("push")
    assert (
        f"superset_assets/{file.relative_to(project.folder).as_posix()}: uuid is missing" in error
    )


def test_broken_query_is_one_line_of_check(project):
    file, data = project.chart()
    data["params"]["adhoc_filters"] = [
        {"expressionType": "SQL", "clause": "WHERE", "sqlExpression": "1 / 0 = 1"}
    ]
    file.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    project.run("format-assets")
    result = project.command("check")
    assert result.returncode == 1
    lines = [line for line in result.stdout.splitlines() if line.startswith("superset_assets/")]
    assert len(lines) == 1
    assert data["slice_name"] in lines[0]
    assert "division by zero" in lines[0]


def test_chart_deleted_in_superset_is_kept_until_confirmation(project):
    file, data = project.chart()
    path = file.relative_to(project.folder).as_posix()
    project.superset.delete("chart", project.superset.number("chart", data["uuid"]))
    before = project.files()
    assert f'"{data["slice_name"]}" (deleted there)' in project.fails("push")
    assert "is not in Superset any more: YES=1 make pull" in project.run("pull")
    assert project.files() == before
    assert f'removed chart "{data["slice_name"]}"' in project.run("pull", YES="1")
    after = project.files()
    paths = {name for name in before if after.get(name) != before[name]}
    assert paths == {path, "dashboards/business.yaml"}
    assert data["uuid"] not in after["dashboards/business.yaml"]
    project.run("push")
    assert "No difference" in project.run("plan")
    # Back from the past: what git says again comes back as it was.
    for name in paths:
        (project.folder / name).write_text(before[name], encoding="utf-8")
    project.run("push")
    assert project.superset.number("chart", data["uuid"]) is not None
    assert "No difference" in project.run("plan")


def test_wrong_password_is_one_line_error(pushed):
    file = pushed.stack.root / ".env"
    text = file.read_text(encoding="utf-8")
    try:
        file.write_text(
            re.sub(r"(?m)^SUPERSET_ADMIN_PASSWORD=.*$", "SUPERSET_ADMIN_PASSWORD=wrong", text)
        )
        for verb in ("plan", "push", "pull", "prune", "check"):
            error = pushed.fails(verb)
            assert "does not accept the password" in error
            assert "SUPERSET_ADMIN_PASSWORD" in error
    finally:
        file.write_text(text, encoding="utf-8")


def test_files_have_no_password(pushed):
    pushed.run("pull")
    text = "".join(pushed.files().values())
    assert "_PASSWORD}@" in text
    assert pushed.stack.settings.dashboard_password not in text
