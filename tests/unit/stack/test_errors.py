"""An error is one line: what happened and what to do; the rest is kept in a log."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import scripts.cli
from scripts.bootstrap import BootstrapError
from scripts.errors import UserError
from scripts.settings import ROOT


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run a command that raises the given error; its output and exit code."""
    monkeypatch.setattr(scripts.cli, "ROOT", tmp_path)

    def invoke(error: BaseException):
        group = scripts.cli.Glasshouse()

        @group.command("fail")
        def fail() -> None:
            raise error

        return CliRunner().invoke(group, ["fail"])

    return invoke


def test_error_line_has_cause_and_remedy() -> None:
    error = UserError("The file\n is torn.", "mend it.")
    assert error.line == "The file is torn. Do: mend it."
    assert isinstance(error, click.ClickException)


@pytest.mark.parametrize(
    "error", [kind("It rains", "wait") for kind in (UserError, BootstrapError)]
)
def test_error_kinds_print_equally(run, error: Exception) -> None:
    result = run(error)
    assert (result.exit_code, result.output) == (1, "Error: It rains. Do: wait.\n")


def test_full_disk_is_one_line_error(run) -> None:
    result = run(OSError(28, "No space left on device"))
    assert result.exit_code == 1
    assert result.output.count("\n") == 1
    assert "No space left on device" in result.output


def test_unexpected_error_is_one_line_and_logged(run, tmp_path: Path) -> None:
    result = run(ValueError("odd\nand long"))
    assert result.exit_code == 1
    assert result.output.startswith("Error: ValueError: odd. Do: see ")
    assert "Traceback" not in result.output
    assert "Traceback" in (tmp_path / ".stack" / "logs" / "glasshouse.log").read_text()


@pytest.mark.parametrize("module", ["build", "commands", "restore", "status", "up"])
def test_commands_do_not_import_dbt(module: str) -> None:
    """It takes two seconds; the child process that runs dbt imports it."""
    code = f"import sys, scripts.cli, scripts.stack.{module}; sys.exit('dbt' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
