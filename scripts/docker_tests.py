"""The tests of the stack in containers, on an engine made for them where there is none."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import yaml

from scripts.bootstrap.browser import require_browser
from scripts.bootstrap.engine import scratch_engine
from scripts.console import step
from scripts.errors import UserError
from scripts.settings import ROOT
from scripts.stack.docker import engine

# The whole stack, the same tests as over the native way, and what only containers have.
TESTS = ("tests/e2e",)
LOGS = ROOT / ".stack" / "logs"
COMPOSE = ROOT / "docker" / "compose.yml"
# What the tests' copies of the project get as their compose.override.yml.
OVERRIDE = "GLASSHOUSE_TEST_OVERRIDE"
BUILT = "glasshouse-test"
CERTIFICATES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE")
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


def run(options: tuple[str, ...]) -> int:
    """Run them; pytest's exit code. `options` may name some of the tests."""
    LOGS.mkdir(parents=True, exist_ok=True)
    require_browser(LOGS / "install.log")
    with _engine() as more:
        environment = os.environ | more | {"GLASSHOUSE_TEST_MODE": "docker"}
        build_images(environment)
        some = any(option.split("::")[0].endswith(".py") for option in options)
        command = [sys.executable, "-m", "pytest", *(() if some else TESTS), *options]
        return subprocess.run(command, cwd=ROOT, env=environment).returncode


@contextmanager
def _engine() -> Iterator[dict[str, str]]:
    """The machine's engine; where there is none, one for the time of the tests."""
    if engine.trouble() is None:
        yield {}
        return
    folder = ROOT / ".stack" / "engine"
    with ExitStack() as held:
        with step("Making a container engine"):
            environment = held.enter_context(scratch_engine(folder, LOGS / "engine.log"))
        override = folder / "compose.override.yml"
        override.write_text(yaml.safe_dump(_network()))
        yield environment | {OVERRIDE: str(override)}


def bundle() -> str:
    """The file of the certificates that this machine trusts."""
    return next((os.environ[name] for name in CERTIFICATES if os.environ.get(name)), BUNDLE)


def _network() -> dict[str, object]:
    """Such an engine has no network: builds use the machine's, and trust whom it trusts."""
    services = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    build = {"network": "host", "secrets": ["ca"]}
    return {
        "services": {name: {"build": build} for name, each in services.items() if "build" in each},
        "secrets": {"ca": {"file": bundle()}},
    }


def build_images(environment: dict[str, str]) -> None:
    """Every image there is, before the clock of a test runs; the tests' copies find them ready."""
    asked = re.findall(r"\$\{(\w+):\?", COMPOSE.read_text(encoding="utf-8"))
    # Names and ports only: no image holds a value of an installation.
    values = dict.fromkeys(asked, "1") | {"GLASSHOUSE_PROJECT": BUILT, "COMPOSE_PROFILES": "*"}
    files = [f"--file={COMPOSE}"]
    if environment.get(OVERRIDE):
        files.append(f"--file={environment[OVERRIDE]}")
    log = LOGS / "images.log"
    with step("Building every image") as current, log.open("w") as said:
        done = subprocess.run(
            ["docker", "compose", *files, "build"], stdout=said, stderr=said,
            env=environment | values | {"BUILDKIT_PROGRESS": "plain"}, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if done.returncode:
            why = engine.telling_line(log.read_text(errors="replace"))
            raise UserError(f"docker compose build failed: {why}", f"see {log}")
        current.note(", ".join(_sizes(environment)))


def _sizes(environment: dict[str, str]) -> list[str]:
    """Name and size of each image that was built."""
    shown = subprocess.run(
        ["docker", "image", "ls", "--format={{.Repository}} {{.Size}}", f"{BUILT}-*"],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return sorted(shown.stdout.replace(f"{BUILT}-", "").splitlines())
