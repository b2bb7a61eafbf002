"""Workflows and issue forms: valid syntax, and existing targets."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from scripts.settings import ROOT

FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
# GitHub's own actions, each at a commit: a tag can be moved.
ACTION = re.compile(r"actions/(checkout|setup-python|cache)@[0-9a-f]{40}")


def valid(file: Path, schema: str = "github-workflows") -> subprocess.CompletedProcess[str]:
    """The file against the schema that GitHub's own editor uses; nothing is fetched."""
    program = Path(sys.executable).with_name("check-jsonschema")
    command = [program, "--builtin-schema", f"vendor.{schema}", file]
    return subprocess.run(command, capture_output=True, text=True)


def steps(file: Path) -> list[dict]:
    """Every step of every job."""
    jobs = yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"].values()
    return [step for job in jobs for step in job["steps"]]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_workflow_is_valid(file: Path) -> None:
    result = valid(file)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(("old", "new"), [("runs-on:", "run-on:"), ("    steps:", "    stpes:")])
def test_misspelt_workflow_is_rejected(old: str, new: str, tmp_path: Path) -> None:
    workflow_file = tmp_path / "check.yml"
    workflow_file.write_text((FOLDER / "check.yml").read_text().replace(old, new, 1))
    assert valid(workflow_file).returncode != 0


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_workflow_runs_existing_targets_and_no_untrusted_text(file: Path) -> None:
    targets = re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert steps(file)
    for step in steps(file):
        assert "run" in step or ACTION.fullmatch(step["uses"]), step
        script = step.get("run", "")
        # A title or a branch's name inside a script could be a command.
        assert "${{" not in script, step
        for target in re.findall(r"\bmake (?:--\w+ )*([a-z-]+)", script):
            assert target in targets


def test_pinned_actions_name_release() -> None:
    uses = [
        line
        for file in WORKFLOWS
        for line in file.read_text(encoding="utf-8").splitlines()
        if "uses:" in line
    ]
    assert uses
    for line in uses:
        assert re.search(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


@pytest.mark.parametrize("file", FORMS, ids=lambda file: file.stem)
def test_issue_form_is_valid(file: Path) -> None:
    schema = "github-issue-config" if file.stem == "config" else "github-issue-forms"
    result = valid(file, schema)
    assert result.returncode == 0, result.stdout + result.stderr


def test_issue_forms_exist() -> None:
    assert {file.stem for file in FORMS} >= {"bug", "feature"}


def test_pull_requests_are_checked_and_merges_are_pushed() -> None:
    run = {file.stem: " ".join(step.get("run", "") for step in steps(file)) for file in WORKFLOWS}
    for part in ("make lint", "make check", "review.md", "gh pr comment", ".ci/run"):
        assert part in run["check"]
    assert "make push" in run["push"]
    assert "make audit" in run["audit"]
