"""dbt parses the project once for several commands, and again when an input of parsing changes."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.stack.dbt.process import DbtProcess, start_dbt, stop_dbt

PROJECT = "name: small\nprofile: small\nversion: '1.0'\n"
PROFILE = """\
small:
  target: warehouse
  outputs:
    warehouse: &connection
      {type: postgres, host: 127.0.0.1, port: 1, user: a, password: b, dbname: c, schema: d}
    admin: *connection
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A dbt project with one model."""
    folder = tmp_path / "dbt"
    (folder / "models").mkdir(parents=True)
    (folder / "dbt_project.yml").write_text(PROJECT)
    (folder / "profiles.yml").write_text(PROFILE)
    (folder / "models" / "first.sql").write_text("select 1 as number")
    yield folder
    stop_dbt()
    shutil.rmtree(folder)


def environment(project: Path, **values: str) -> dict[str, str]:
    target = {"DBT_TARGET_PATH": str(project / "target"), "DBT_LOG_PATH": str(project / "target")}
    return {**os.environ, **target, **values}


def run(process: DbtProcess, project: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and output of a dbt command."""
    lines: list[str] = []
    options = [f"--project-dir={project}", f"--profiles-dir={project}"]
    exit_code = process.run([*arguments, *options], environment(project), lines.append)
    return exit_code, "".join(lines)


def test_commands_share_parse_and_have_own_exit_codes(project: Path) -> None:
    process = start_dbt(project, (), environment(project))
    # Nothing listens on the port of the profile.
    assert run(process, project, "build")[0] == 2
    assert run(process, project, "ls", "--no-such-option")[0] == 2
    assert run(process, project, "ls", "--quiet") == (0, "small.first\n")
    # A second parse would see this model.
    (project / "models" / "second.sql").write_text("select 2 as number")
    assert run(process, project, "ls", "--quiet", "--target=admin") == (0, "small.first\n")
    process = start_dbt(project, (), environment(project))
    assert run(process, project, "ls", "--quiet") == (0, "small.first\nsmall.second\n")


def test_parse_error_fails_each_command(project: Path) -> None:
    (project / "models" / "first.sql").write_text("{{ ref('absent') }}")
    process = start_dbt(project, (), environment(project))
    for _ in range(2):
        exit_code, output = run(process, project, "ls", "--quiet")
        assert exit_code == 2
        assert "absent" in output


def test_changed_parse_input_starts_new_process(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Which process is used, not what it does: dbt itself would take two seconds to load.
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nexec cat\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    first = start_dbt(project, (), environment(project))
    assert start_dbt(project, (), environment(project, PGHOST="elsewhere")) is first
    second = start_dbt(project, (), environment(project, GLASSHOUSE_TESTS="news"))
    assert second is not first
    assert first.process.poll() is not None
    assert start_dbt(project, ("--vars={}",), environment(project)) is not second
