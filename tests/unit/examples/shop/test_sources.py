"""Arguments of `make load-shop`, and the commands in docs/shop.md."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from scripts.cli import command_group
from scripts.errors import UserError
from scripts.examples.shop import sources

ROOT = Path(__file__).resolve().parents[4]
DOCUMENTED = re.findall(
    r"^make (.+?)(?:\s+#.*)?$", (ROOT / "docs/shop.md").read_text(), re.MULTILINE
)


@pytest.mark.parametrize(
    ("size", "lines"),
    [("80k", 80_000), ("10m", 10_000_000), ("1.5M", 1_500_000), ("250_000", 250_000)],
)
def test_size_notation(size: str, lines: int) -> None:
    assert sources.select_source("simulator", size=size).size == lines


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "online-retail"}, 'no source "online-retail".*choose online_retail'),
        ({"name": "mine"}, "choose one of simulator, online_retail, classicmodels"),
        ({"name": "simulator", "size": "many"}, 'SIZE="many" is not a number of order lines'),
        ({"name": "simulator", "size": "12"}, "from 1,000 to 100,000,000"),
        ({"name": "simulator", "seed": "x"}, 'SEED="x" is not a whole number'),
        ({"name": "simulator", "path": "/data"}, "simulator reads no files"),
        ({"name": "classicmodels", "size": "80k"}, "SIZE and SEED are settings of the simulator"),
        ({"name": "classicmodels", "path": "/nowhere"}, "There is no folder /nowhere"),
        ({"name": "online_retail"}, "The folder of the files of online_retail is not known"),
    ],
)
def test_invalid_source_is_refused(
    monkeypatch: pytest.MonkeyPatch, arguments: dict[str, str], message: str
) -> None:
    monkeypatch.delenv("GLASSHOUSE_DATA", raising=False)
    with pytest.raises(UserError, match=message) as caught:
        sources.select_source(**arguments)
    assert "\n" not in caught.value.line


def test_missing_file_is_error(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").touch()
    with pytest.raises(UserError, match=r"holds no products\.csv \(nor products\.csv\.gz\)"):
        sources.select_source("online_retail", str(tmp_path))


def test_default_folder_is_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GLASSHOUSE_DATA", str(tmp_path))
    with pytest.raises(UserError, match=f"There is no folder {tmp_path}/classicmodels"):
        sources.select_source("classicmodels")


def test_documentation_lists_all_sources() -> None:
    names = {name for line in DOCUMENTED for name in re.findall(r"FROM=(\w+)", line)}
    assert names == set(sources.NAMES) - {"simulator"}


@pytest.mark.parametrize("line", DOCUMENTED)
def test_documented_commands_are_valid(line: str) -> None:
    result = subprocess.run(
        ["make", "--dry-run", *shlex.split(line)], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    _, *words = shlex.split(result.stdout)
    command = command_group()
    while hasattr(command, "commands"):
        name = words.pop(0)
        command = command.commands[name]
    context = command.make_context(name, words)
    if "source_name" in context.params:
        params = context.params
        assert params["source_name"] in sources.NAMES
        assert not params["size"] or sources.order_lines(params["size"])
