"""The tests of the stack in containers, on an engine made for them where there is none."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from scripts.bootstrap.browser import require_browser
from scripts.bootstrap.engine import scratch_engine
from scripts.settings import ROOT
from scripts.stack import engine

# The last is the native way's own test of what readers see.
TESTS = ("tests/e2e/docker", "tests/e2e/test_dashboards.py", "tests/e2e/test_authoring.py")
LOGS = ROOT / ".stack" / "logs"
OVERRIDE = ROOT / "docker" / "compose.override.yml"
CERTIFICATES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE")
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


def run(options: tuple[str, ...]) -> int:
    """Run them; pytest's exit code."""
    LOGS.mkdir(parents=True, exist_ok=True)
    require_browser(LOGS / "install.log")
    with _engine() as more:
        environment = os.environ | more | {"GLASSHOUSE_TEST_MODE": "docker"}
        command = [sys.executable, "-m", "pytest", *TESTS, *options]
        return subprocess.run(command, cwd=ROOT, env=environment).returncode


@contextmanager
def _engine() -> Iterator[dict[str, str]]:
    """The machine's engine; where there is none, one for the time of the tests."""
    if engine.trouble() is None:
        yield {}
        return
    with scratch_engine(ROOT / ".stack" / "engine", LOGS / "engine.log") as environment, _network():
        yield environment


@contextmanager
def _network() -> Iterator[None]:
    """Such an engine has no network: builds use the machine's, and trust whom it trusts."""
    if OVERRIDE.exists():
        yield
        return
    bundle = next((os.environ[name] for name in CERTIFICATES if os.environ.get(name)), str(BUNDLE))
    services = ("postgres", "superset", "worker", "redis")
    build = {"network": "host", "secrets": ["ca"]}
    override = {
        "services": {name: {"build": build} for name in services},
        "secrets": {"ca": {"file": bundle}},
    }
    OVERRIDE.write_text(yaml.safe_dump(override))
    try:
        yield
    finally:
        OVERRIDE.unlink()
