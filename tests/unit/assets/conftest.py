"""Assets and settings for the tests of the sync."""

import copy
from pathlib import Path
from typing import Any

import pytest

from scripts.assets.files.bundle import FOLDER, read_files
from scripts.assets.files.yaml_text import dump_yaml
from scripts.settings import Settings
from tests.unit.assets.sample_assets import ASSETS, SETTINGS


@pytest.fixture
def assets() -> dict[str, dict[str, Any]]:
    """The assets by path, to be changed at will."""
    return copy.deepcopy(ASSETS)


@pytest.fixture
def write(tmp_path: Path):
    """Write assets (path → data, or text as it is) below a project's root and read them again."""

    def do(assets: dict[str, Any]):
        for path, data in assets.items():
            file = tmp_path / FOLDER / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(data if isinstance(data, str) else dump_yaml(data), encoding="utf-8")
        return read_files(tmp_path / FOLDER)

    return do


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of an installation that does not run, below a folder of its own."""
    return SETTINGS.model_copy(update={"root": tmp_path, "state": tmp_path / ".stack"})
