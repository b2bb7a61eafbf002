"""The rules of `make lint`, and that pre-commit and the versions agree with them."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import glasshouse_ml
import pytest
import yaml

from scripts.lint import FOLDERS, LINTERS, MAX_FILES, crowded_folders
from scripts.settings import ROOT


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A copy of what the import contracts are about."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for folder in ("scripts", "udf/glasshouse_ml"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    return tmp_path


def import_check(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    path = os.pathsep.join((str(folder), str(folder / "udf")))
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_imports_keep_contracts(sources: Path) -> None:
    result = import_check(sources)
    assert result.returncode == 0, result.stdout


TYPE_IMPORT = "import typing\nif typing.TYPE_CHECKING:\n    import glasshouse_ml.use"
LATE_IMPORT = "def late():\n    import glasshouse_ml.measure.one"


@pytest.mark.parametrize(
    ("modules", "contract"),
    [
        ({"udf/glasshouse_ml/data/one.py": "import glasshouse_ml.measure"}, "engine's layers"),
        ({"udf/glasshouse_ml/measure/one.py": TYPE_IMPORT}, "engine's layers"),
        ({"udf/glasshouse_ml/unlisted/__init__.py": ""}, "engine's layers"),
        (
            {
                "udf/glasshouse_ml/measure/one.py": "import glasshouse_ml.measure.two",
                "udf/glasshouse_ml/measure/two.py": LATE_IMPORT,
            },
            "engine has no import cycle",
        ),
        (
            {"scripts/one.py": "import scripts.two", "scripts/two.py": "import scripts.one"},
            "commands have no import cycle",
        ),
    ],
)
def test_forbidden_import_is_reported(
    sources: Path, modules: dict[str, str], contract: str
) -> None:
    for name, text in modules.items():
        (sources / name).parent.mkdir(exist_ok=True)
        (sources / name).write_text(text)
    result = import_check(sources)
    assert result.returncode == 1, result.stdout
    assert f"{contract} BROKEN" in result.stdout


def test_folder_with_too_many_files_is_reported(tmp_path: Path) -> None:
    folder = tmp_path / "scripts" / "deep"
    folder.mkdir(parents=True)
    for number in range(MAX_FILES):
        (folder / f"module_{number}.py").touch()
    assert crowded_folders(tmp_path) == {}
    (folder / "one_more.py").touch()
    assert crowded_folders(tmp_path) == {"scripts/deep": MAX_FILES + 1}


def test_no_folder_has_too_many_files() -> None:
    assert crowded_folders(ROOT) == {}


def test_pre_commit_runs_all_linters() -> None:
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    # Anything else would be fetched from GitHub.
    assert repository["repo"] == "local"
    entries = {hook["entry"] for hook in repository["hooks"]}
    assert entries == {f"scripts/glasshouse lint {name}" for name in (*LINTERS, FOLDERS)}


def test_version_is_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    dbt = yaml.safe_load((ROOT / "dbt" / "dbt_project.yml").read_text())
    changes = re.findall(r"^## \[(\d[^\]]*)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert {project["version"], dbt["version"], changes[0]} == {glasshouse_ml.__version__}
