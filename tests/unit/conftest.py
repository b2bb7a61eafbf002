"""What several unit tests share."""

import json
import os
import subprocess
import sys
from pathlib import Path

import hypothesis
import pytest

from scripts.bootstrap.locks import exclusive_lock
from scripts.dbt_nodes import node_names

# A busy machine is no reason to fail.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

PROJECT = Path(__file__).resolve().parents[2] / "dbt"


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """dbt's manifest; parsing needs no database. Made once for all processes of a run."""
    root = tmp_path_factory.getbasetemp()
    target = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "manifest"
    with exclusive_lock(target.with_suffix(".lock")):
        if not (target / "manifest.json").exists():
            _parse(target)
    return json.loads((target / "manifest.json").read_text())


def _parse(target: Path) -> None:
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
            **node_names(PROJECT.parent),
        },
    )
