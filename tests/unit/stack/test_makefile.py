"""`make` lists all targets, each is one line, and each has a command."""

import re
import subprocess
from pathlib import Path

import click

from scripts.cli import command_group

ROOT = Path(__file__).resolve().parents[3]
TARGETS = re.findall(
    r"^([a-z0-9-]+):(?:  ## (.+))?\n\t@(.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE
)


def test_targets_are_one_line_calls_of_glasshouse() -> None:
    calls = {
        name: re.match(r"\$\(GLASSHOUSE\) ([a-z-]+)", line)[1]
        for name, _, line in TARGETS
        if name != "help"
    }
    assert {"up", "down", "status", "reset", "psql", "logs", "build", "load"} <= calls.keys()
    assert set(calls.values()) <= command_group().commands.keys()


def test_make_lists_targets_in_groups() -> None:
    output = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert len(TARGETS) > 20
    for name, help_text, _ in TARGETS:
        if name != "help":
            assert f"make {name} " in output
            assert help_text in output
    assert "Data and models" in output
    assert "\x1b" not in output


def test_commands_have_help() -> None:
    commands = command_group().commands
    assert len(commands) > 20
    for command in commands.values():
        assert command.help, command.name
        if isinstance(command, click.Group):
            assert all(inner.help for inner in command.commands.values())
