"""Tools for authors of dashboards: limits on queries, `make watch`, recipes for build servers."""

import re
import signal
import subprocess
from collections.abc import Iterator

import pytest
import yaml

from scripts.stack.processes import wait_until
from tests.conftest import ROOT
from tests.e2e.commands import environment

CHART = "superset_assets/charts/data/outcome.yaml"
SECONDS = 60


# Runs every chart again; tests/unit/assets/checks/test_charts.py tries both rules.
@pytest.mark.slow
def test_row_and_time_limits_are_own_rules(stack) -> None:
    # Charts of one row take more than a millisecond too.
    result = stack.make("check", "MAX_ROWS=1", "MAX_MS=1")
    # make exits with 2 when a line of a recipe fails.
    assert result.returncode == 2, result.stdout + result.stderr
    rules = set(re.findall(r"\[([a-z-]+)\]$", result.stdout, re.MULTILINE))
    assert rules == {"too-many-rows", "too-slow"}
    failure = stack.run("check", "--max-ms", "fast")
    assert failure.returncode != 0
    assert "Traceback" not in failure.stderr


@pytest.fixture
def watch_log(stack) -> Iterator[list[str]]:
    """`watch` at work in the clone; its lines so far. The file is put back afterwards."""
    file = stack.root / CHART
    original_text = file.read_text()
    log = stack.root / ".watch.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [stack.root / "scripts" / "glasshouse", "watch"],
            cwd=stack.root,
            env=environment({}),
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            # A shell makes its background commands ignore SIGINT, and tests may be one of them.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
    try:
        assert wait_until(lambda: "Watching" in log.read_text(), SECONDS), log.read_text()
        yield log
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 0
        assert "Traceback" not in log.read_text()
        file.write_text(original_text)
        log.unlink()
        stack.run("push", "--force")


def test_watch_pushes_valid_saves_and_reports_invalid_ones(stack, watch_log) -> None:
    file = stack.root / CHART
    original_text = file.read_text()

    def is_logged(words: str) -> bool:
        return wait_until(lambda: words in watch_log.read_text(), SECONDS)

    file.write_text(
        original_text.replace(
            "slice_name: Distribution of the outcome", "slice_name: Only the outcome"
        )
    )
    assert is_logged('✓ chart "Only the outcome"'), watch_log.read_text()
    file.write_text(original_text.replace("viz_type:", "viz_type: ["))
    assert is_logged("✗ superset_assets/charts/data/outcome.yaml: line ")
    error_lines = [line for line in watch_log.read_text().splitlines() if "✗" in line]
    assert len(error_lines) == 1
    file.write_text(original_text)
    assert is_logged('✓ chart "Distribution of the outcome"'), watch_log.read_text()
    assert stack.run("plan").returncode == 0


def recipe(workflow: str, name: str) -> str:
    """The script of a step of one of the recipes for a build server."""
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / f"{workflow}.yml").read_text())["jobs"]
    steps = [step for job in jobs.values() for step in job["steps"]]
    return next(step["run"] for step in steps if step.get("name") == name)


def run_step(stack, script: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run it as a build server does."""
    return subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=stack.root,
        env=environment(env),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )


def test_pull_request_recipe_writes_comment(project, tmp_path) -> None:
    project.git("add", "--all")
    project.git("commit", "--quiet", "--allow-empty", "--message=As it is")
    summary, comment = tmp_path / "summary.md", project.stack.root / "review.md"
    project.edit(project.stack.root / CHART, slice_name="Only the outcome")
    step = recipe("check", "Changes on the dashboards")
    try:
        result = run_step(project.stack, step, BASE="HEAD", GITHUB_STEP_SUMMARY=str(summary))
        assert result.returncode == 0, result.stderr
        assert comment.read_text() == summary.read_text()
        lines = comment.read_text().splitlines()
        assert lines[0].startswith("### ")
        (row,) = [line for line in lines if line.startswith("| changed |")]
        assert 'chart "Only the outcome"' in row
        assert 'slice_name: "Distribution of the outcome" → "Only the outcome"' in row
        assert "All static checks pass." in lines
    finally:
        comment.unlink()


def test_merge_recipe_accepts_differences_and_stops_on_errors(project) -> None:
    step = recipe("push", "Show what will change")
    assert run_step(project.stack, step).returncode == 0
    project.edit(project.stack.root / CHART, slice_name="Only the outcome")
    result = run_step(project.stack, step)
    assert result.returncode == 0, result.stderr
    assert "1 to update" in result.stdout
    result = run_step(project.stack, step, ENV="nowhere")
    assert result.returncode != 0
    assert "Error: " in result.stderr
