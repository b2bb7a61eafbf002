"""The programs we are compared with, in an environment of their own, made when first asked for."""

import json
import os
import subprocess
import sys
from pathlib import Path

from scripts.bootstrap import environments, uv
from scripts.settings import Settings

HERE = Path(__file__).parent
# As in the database server, so that both sides compute with the same means.
THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}


def environment(settings: Settings) -> Path:
    """The Python of the rivals' environment."""
    folder = settings.state / "bench" / "venv"
    lock = HERE / "requirements.lock"
    if not environments.is_current(folder, lock):
        log = settings.state / "logs" / "install.log"
        program = uv.find(settings.state) or uv.fetch(
            settings.state, settings.root / "requirements.lock", log
        )
        folder.parent.mkdir(parents=True, exist_ok=True)
        environments.make(folder, lock, sys.executable, program, log)
    return folder / "bin" / "python"


def run_rival(settings: Settings, script: str, arguments: dict[str, object]) -> dict[str, float]:
    """Run a script of rival_scripts/: arguments go in as JSON on standard input, numbers come back.

    The password of the database travels in the environment, where nobody else can read it.
    """
    process = subprocess.run(
        [str(environment(settings)), str(HERE / "rival_scripts" / script)],
        input=json.dumps(arguments),
        capture_output=True,
        text=True,
        env={**os.environ, **THREADS, "BENCH_DSN": json.dumps(settings.dsn("transformer"))},
    )
    if process.returncode:
        raise RuntimeError(f"{script}: {process.stderr.strip()[-400:]}")
    return json.loads(process.stdout.strip().splitlines()[-1])
