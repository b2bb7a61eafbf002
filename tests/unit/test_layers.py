"""The rules of imports refuse what they say they refuse."""

from pathlib import Path

import pytest

from scripts.layers import LAYERS, MOST_FILES, violations
from scripts.settings import ROOT

LOW_HIGH = ("low", "high")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two layers, of which the higher one imports the lower one."""
    write(tmp_path, "low/__init__.py", "")
    write(tmp_path, "low/one.py", "X = 1\n")
    write(tmp_path, "low/two.py", "from pkg.low.one import X\n")
    write(tmp_path, "high/__init__.py", "")
    write(tmp_path, "high/three.py", "from pkg.low import two\n")
    return tmp_path / "pkg"


def write(folder: Path, name: str, text: str) -> None:
    """A file of the package below the folder."""
    path = folder / "pkg" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_imports_that_point_down_are_accepted(tree: Path) -> None:
    assert violations(tree, "pkg", LOW_HIGH) == []


@pytest.mark.parametrize(
    "text",
    [
        "from pkg.high.three import y\n",
        "from pkg.high import three\n",
        "import pkg.high.three\n",
        "from ..high import three\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pkg.high.three import y\n",
        "def f():\n    from pkg.high.three import y\n",
    ],
    ids=["name", "module", "plain", "relative", "type checking", "function level"],
)
def test_an_upward_import_is_refused(tree: Path, text: str) -> None:
    write(tree.parent, "low/four.py", text)
    assert violations(tree, "pkg", LOW_HIGH) == [
        "pkg.low.four imports pkg.high.three, which is in a higher layer: move what they share"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "from pkg.low.two import X\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .two import X\n",
        "def f():\n    from pkg.low import two\n",
    ],
    ids=["plain", "type checking", "function level"],
)
def test_a_cycle_is_refused(tree: Path, text: str) -> None:
    write(tree.parent, "low/one.py", text)
    assert violations(tree, "pkg", LOW_HIGH) == [
        "pkg.low.one, pkg.low.two import one another: move what they share"
    ]


def test_a_cycle_of_three_files_is_one_line(tree: Path) -> None:
    for name, other in (("a", "b"), ("b", "c"), ("c", "a")):
        write(tree.parent, f"low/{name}.py", f"import pkg.low.{other}\n")
    assert violations(tree, "pkg") == [
        "pkg.low.a, pkg.low.b, pkg.low.c import one another: move what they share"
    ]


def test_a_crowded_folder_is_refused(tree: Path) -> None:
    # __init__.py counts as well.
    for number in range(MOST_FILES - 1):
        write(tree.parent, f"crowd/file_{number}.py", "")
    write(tree.parent, "crowd/__init__.py", "")
    assert violations(tree, "pkg") == []
    write(tree.parent, "crowd/one_too_many.py", "")
    assert violations(tree, "pkg") == [
        "pkg/crowd holds 26 Python files; 25 are the most: divide it"
    ]


@pytest.mark.parametrize("place", LAYERS)
def test_every_layer_of_the_project_is_there(place: str) -> None:
    for layer in LAYERS[place]:
        path = ROOT / place / layer
        assert path.is_dir() or path.with_suffix(".py").is_file(), path
