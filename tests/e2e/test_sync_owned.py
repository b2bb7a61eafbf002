"""Managed and unmanaged assets: import, prune, branches, concurrent pushes, a large dashboard."""

import copy
import json
import uuid

import pytest
import yaml

from scripts.assets.client.exports import LISTED_COLUMNS
from scripts.assets.sync.links import chart_links


def unmanaged_dashboard(project, title: str) -> tuple[int, str]:
    """A dashboard without a slug, made in Superset, with a copy of one of our charts on it."""
    _, data = project.chart()
    superset = project.superset
    number = superset.number("dataset", data["dataset_uuid"])
    dashboard = superset.create("dashboard", {"dashboard_title": title})
    fields = {
        "slice_name": f"Chart of {title}",
        "viz_type": data["viz_type"],
        "params": json.dumps(data["params"]),
        "datasource_id": number,
        "datasource_type": "table",
        "dashboards": [dashboard],
    }
    chart = superset.create("chart", fields)
    meta = {"chartId": chart, "uuid": superset.uuid("chart", chart), "width": 4, "height": 50}
    position = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "children": ["ROW-1"]},
        "ROW-1": {"type": "ROW", "id": "ROW-1", "children": ["CHART-1"], "meta": {}},
        "CHART-1": {"type": "CHART", "id": "CHART-1", "children": [], "meta": meta},
    }
    superset.change("dashboard", dashboard, {"position_json": json.dumps(position)})
    return dashboard, meta["uuid"]


def test_unmanaged_dashboard_is_ignored_until_import_and_pruned_after_removal(project):
    before = project.files()
    dashboard, chart = unmanaged_dashboard(project, "Made by hand")
    other, others_chart = unmanaged_dashboard(project, "Somebody's")
    assert "No difference" in project.run("plan")
    assert "Nothing to do" in project.run("pull")
    listing = project.run("pull", "--all")
    assert 'dashboard "Made by hand" (1 charts)' in listing
    assert 'dashboard "Somebody\'s" (1 charts)' in listing
    error = project.fails("pull", "--import", "made by hnad")
    assert "Superset has no dashboard or saved query made by hnad. Do: write made by hand." in error
    output = project.run("pull", IMPORT="Made by hand")
    assert 'new dashboard "Made by hand"' in output
    after = project.files()
    assert after.keys() - before.keys() == {
        "charts/made_by_hand/chart_of_made_by_hand.yaml", "dashboards/made_by_hand.yaml",
    }  # fmt: skip
    assert all(after[name] == before[name] for name in before)
    assert chart in (project.folder / "owned.lock").read_text()
    project.run("push")
    assert project.superset.number("dashboard", "made_by_hand") == dashboard
    assert "No difference" in project.run("plan")
    # Given up again: first no file, then nothing in Superset, and the stranger's is still there.
    for name in after.keys() - before.keys():
        (project.folder / name).unlink()
    assert 'dashboard "Made by hand"  removed from git' in project.command("plan").stdout
    assert "Nothing to do" in project.run("pull")
    assert project.files() == before
    project.run("push")
    assert "2 to remove from Superset" in project.run("prune")
    assert project.superset.number("dashboard", "made_by_hand") == dashboard
    assert "2 removed from Superset" in project.run("prune", YES="1")
    assert project.superset.number("dashboard", "made_by_hand") is None
    assert "Nothing to prune" in project.run("prune", YES="1")
    assert project.superset.number("dashboard", str(other)) == other
    project.superset.delete("dashboard", other)
    project.superset.delete("chart", project.superset.number("chart", others_chart))


def test_pull_on_branch_keeps_working_files(project):
    project.git("add", "--all")
    project.git("commit", "--quiet", "--allow-empty", "--message=As it is")
    file = project.rename("Renamed in the browser")
    before, path = project.files(), file.relative_to(project.folder).as_posix()
    author = {f"GIT_{who}_{what}": "test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME",)}
    author |= {f"GIT_{who}_EMAIL": "test@localhost" for who in ("AUTHOR", "COMMITTER")}
    try:
        output = project.run("pull", BRANCH="from-the-browser", **author)
        assert "Committed on the branch from-the-browser" in output
        assert project.files() == before
        assert project.git("status", "--porcelain") == ""
        lines = project.git("show", "--format=%s", "--name-only", "from-the-browser").split()
        assert lines[-1] == f"superset_assets/{path}"
        assert "Renamed in the browser" in project.git("show", f"from-the-browser:{lines[-1]}")
        # For the files at hand it is still a change made there, which a push would lose.
        assert "Renamed in the browser" in project.fails("push")
        error = project.fails("pull", BRANCH="from-the-browser")
        assert "The branch from-the-browser exists already" in error
        file.write_text(file.read_text() + "cache_timeout: 60\n")
        error = project.fails("pull", BRANCH="another")
        assert f"uncommitted changes: superset_assets/{path}" in error
        assert "another" not in project.git("branch", "--list")
    finally:
        project.git("branch", "-D", "from-the-browser")


def test_concurrent_pushes_are_serialised(project):
    file, _ = project.chart()
    project.edit(file, description="From two at once.")
    both = [project.stack.popen("push") for _ in range(2)]
    assert [each.wait(timeout=120) for each in both] == [0, 0]
    assert "No difference" in project.run("plan")


# The project has more charts than a page of Superset's lists, and the tests of the stack push all.
@pytest.mark.slow
def test_dashboard_with_over_hundred_charts_round_trip(project):
    _, chart = project.chart()
    dashboard = project.folder / "dashboards" / "many.yaml"
    position: dict = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "children": ["GRID_ID"]},
        "GRID_ID": {"type": "GRID", "children": []},
    }
    files = []
    for number in range(110):
        data = copy.deepcopy(chart) | {"slice_name": f"Chart {number}", "uuid": str(uuid.uuid4())}
        files.append(project.folder / "charts" / "many" / f"chart_{number}.yaml")
        files[-1].parent.mkdir(exist_ok=True)
        files[-1].write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
        row = f"ROW-{number // 4}"
        if row not in position:
            position["GRID_ID"]["children"].append(row)
            position[row] = {"type": "ROW", "children": []}
        position[row]["children"].append(f"CHART-{number}")
        meta = {"uuid": data["uuid"], "width": 3, "height": 30}
        position[f"CHART-{number}"] = {"type": "CHART", "meta": meta}
    data = {"dashboard_title": "Many", "uuid": str(uuid.uuid4()), "slug": "many"}
    data |= {"description": "A large one.", "position": position, "version": "1.0.0"}
    dashboard.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    project.run("format-assets")
    before = project.files()
    assert "created 110 charts" in project.run("push")
    links = chart_links(
        {name: project.superset.rows(name, LISTED_COLUMNS[name]) for name in LISTED_COLUMNS}
    )
    assert len(links[data["uuid"]]) == 110
    assert "No difference" in project.run("plan")
    assert "Nothing to do" in project.run("pull")
    assert project.files() == before
    # The fixture gives all of it up, and prunes it.
