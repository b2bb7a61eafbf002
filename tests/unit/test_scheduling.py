"""The recipes of docs/scheduling.md are valid, and each runs `make refresh`."""

import ast
import re
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from scripts.settings import ROOT

TEXT = (ROOT / "docs" / "scheduling.md").read_text()
# What a field of a crontab may hold: *, a number or a range, each with a step, in a list.
FIELD = re.compile(r"(\*|\d+(-\d+)?)(/\d+)?(,(\*|\d+(-\d+)?)(/\d+)?)*$")
LIMITS = (59, 23, 31, 12, 7)


def recipe(language: str) -> str:
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return block


def unit(language: str) -> ConfigParser:
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(recipe(language))
    return parser


def test_make_target_exists() -> None:
    assert re.search(r"^refresh:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_crontab() -> None:
    lines = [line for line in recipe("crontab").splitlines() if line and line[0] != "#"]
    jobs = [line for line in lines if not re.match(r"\w+=", line)]
    assert len(jobs) == 1 < len(lines)
    *fields, command = jobs[0].split(maxsplit=5)
    for field, limit in zip(fields, LIMITS, strict=True):
        assert FIELD.match(field)
        assert all(int(number) <= limit for number in re.findall(r"\d+", field))
    assert command.startswith("make -C /srv/glasshouse refresh ")
    # cron reads a percent sign as the end of the command.
    assert "%" not in command
    assert subprocess.run(["sh", "-n", "-c", command], check=False).returncode == 0


def test_systemd_units(tmp_path: Path) -> None:
    service, timer = unit("service"), unit("timer")
    assert service["Service"]["ExecStart"].split() == ["/usr/bin/make", "refresh"]
    assert service["Service"]["Type"] == "oneshot"
    assert timer["Timer"]["OnCalendar"] and timer["Install"]["WantedBy"] == "timers.target"
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed; the fields were checked")
    for name in ("service", "timer"):
        text = recipe(name).replace("User=glasshouse\n", "")
        (tmp_path / f"glasshouse-refresh.{name}").write_text(text)
    process = subprocess.run(
        ["systemd-analyze", "verify", *map(str, tmp_path.iterdir())],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr


def test_airflow_dag() -> None:
    tree = ast.parse(recipe("python"))
    compile(tree, "glasshouse_refresh.py", "exec")
    strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    # A command that ends with the name of a file would be read as a template.
    assert "make -C /srv/glasshouse refresh " in strings
    names = {keyword.arg for node in ast.walk(tree) if isinstance(node, ast.Call)
             for keyword in node.keywords}  # fmt: skip
    assert {"max_active_runs", "catchup"} <= names
