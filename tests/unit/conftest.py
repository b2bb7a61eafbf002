"""What several unit tests share."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.stack.feature_groups import feature_groups

PROJECT = Path(__file__).resolve().parents[2] / "dbt"


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """dbt's manifest; parsing needs no database."""
    target = tmp_path_factory.mktemp("target")
    subprocess.run(
        [Path(sys.executable).with_name("dbt"), "parse", "--project-dir", PROJECT]
        + ["--profiles-dir", PROJECT, "--target-path", target, "--log-path", target],
        check=True,
        capture_output=True,
        env={
            **os.environ,
            "POSTGRES_PORT": "1",
            "TRANSFORMER_PASSWORD": "unused",
            "POSTGRES_PASSWORD": "unused",
            **feature_groups(PROJECT.parent),
        },
    )
    return json.loads((target / "manifest.json").read_text())
