"""Import of dashboards made in Superset, and pulls on a branch."""

import copy
import subprocess
from dataclasses import replace

import pytest

from scripts.assets.files.branch import commit_on_branch, require_clean
from scripts.assets.files.bundle import Files
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.sync.pull_plan import plan_pull
from scripts.assets.sync.server_assets import managed_assets
from scripts.assets.sync.unmanaged import imported, unmanaged
from scripts.errors import UserError
from tests.unit.assets.sample_assets import ASSETS, uuid_of


def server_assets() -> Bundle:
    data = copy.deepcopy(ASSETS)
    return Files({path: (path.split("/")[0], each) for path, each in data.items()}).bundle()


def without_slug() -> Bundle:
    dashboard = server_assets().kind("dashboards")[0]
    data = {key: value for key, value in dashboard.data.items() if key != "slug"}
    return server_assets() | Bundle.of([replace(dashboard, data=data)])


GIT = server_assets().only({uuid_of("warehouse")})


@pytest.mark.parametrize("name", ["sales", "Sales", " SALES ", uuid_of("dashboard")])
def test_dashboard_is_imported_with_dependencies(name):
    new = imported(name, server_assets(), GIT)
    result = plan_pull(GIT, managed_assets(server_assets(), GIT | new), GIT, imported=new)
    assert sorted(asset.path for asset in result.written.values()) == [
        "charts/sales/by_region.yaml",
        "charts/sales/rows.yaml",
        "dashboards/sales.yaml",
        "datasets/reports/sales.yaml",
    ]


def test_dashboard_without_slug_gets_free_slug():
    (new,) = imported("sales", without_slug(), GIT)
    assert new.data["slug"] == "sales"
    other = replace(new, data=new.data | {"uuid": uuid_of("other")})
    (dashboard,) = imported("sales", without_slug(), Bundle.of([other]))
    assert dashboard.data["slug"] == "sales_2"


@pytest.mark.parametrize(
    ("name", "git", "expected"),
    [
        ("salse", GIT, "no dashboard or saved query salse. Do: write sales"),
        ("nothing like it", GIT, r"pull --all lists what there is"),
        ("sales", server_assets(), 'dashboard "Sales" is already in git'),
    ],
)
def test_invalid_import_is_refused(name, git, expected):
    with pytest.raises(UserError, match=expected):
        imported(name, server_assets(), git)


def test_ambiguous_name_is_resolved_by_uuid():
    twin = server_assets().kind("dashboards")[0]
    twin = Asset("dashboards", twin.data | {"uuid": uuid_of("twin"), "slug": "twin"})
    with pytest.raises(UserError, match=f"2 assets named Sales.*{uuid_of('twin')}"):
        imported("Sales", server_assets() | Bundle.of([twin]), GIT)


def test_unmanaged_assets_are_listed_by_dashboard():
    chart = server_assets().get(uuid_of("Rows"))
    loose = Asset("charts", chart.data | {"uuid": uuid_of("loose"), "slice_name": "Loose"})
    every = server_assets() | Bundle.of([loose])
    assert unmanaged(every, GIT) == [
        'dashboard "Sales" (2 charts, 1 datasets): IMPORT=sales make pull imports it',
        'chart "Loose" (on no dashboard)',
    ]
    assert unmanaged(server_assets(), server_assets()) == []


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with one commit, whose project stands in a folder below the top."""
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "test@localhost")
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "a.txt").write_text("a\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message=One")
    return tmp_path / "project"


def git(folder, *words: str) -> str:
    process = subprocess.run(
        ["git", *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return process.stdout


def test_commit_on_branch_keeps_working_files(repository):
    require_clean(repository, "new")
    commit_on_branch("new", repository, "Two", lambda root: (root / "a.txt").write_text("b\n"))
    assert (repository / "a.txt").read_text() == "a\n"
    assert git(repository, "show", "new:project/a.txt") == "b\n"
    assert git(repository, "log", "-1", "--format=%s", "new") == "Two\n"
    assert git(repository, "status", "--porcelain") == ""
    assert len(git(repository, "worktree", "list").splitlines()) == 1


def test_failed_commit_leaves_no_branch(repository):
    hook = repository.parent / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(UserError, match="git commit failed: not today"):
        commit_on_branch("new", repository, "Two", lambda root: (root / "a.txt").write_text("b\n"))
    assert git(repository, "branch", "--list", "new") == ""
    assert len(git(repository, "worktree", "list").splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "prepare", "expected"),
    [
        (
            "new",
            lambda root: (root / "a.txt").write_text("b"),
            "uncommitted changes: project/a.txt",
        ),
        (
            "new",
            lambda root: (root / "b.txt").write_text("b"),
            "uncommitted changes: project/b.txt",
        ),
        ("new", lambda root: git(root, "branch", "new"), "The branch new exists already"),
        ("a..b", lambda root: None, 'git does not accept the branch name "a..b"'),
        ("-x", lambda root: None, 'git does not accept the branch name "-x"'),
    ],
)
def test_invalid_branch_is_refused(name, prepare, expected, repository):
    prepare(repository)
    with pytest.raises(UserError, match=expected):
        require_clean(repository, name)


def test_missing_repository_is_error(tmp_path):
    with pytest.raises(UserError, match="git rev-parse failed"):
        require_clean(tmp_path, "new")
