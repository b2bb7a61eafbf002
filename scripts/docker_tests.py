"""`make test-docker`: tests the stack in containers, on a temporary engine if needed."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import yaml

from scripts.bootstrap.browser import require_browser
from scripts.bootstrap.container_engine import temporary_engine
from scripts.console import step
from scripts.errors import UserError
from scripts.settings import ROOT
from scripts.stack.docker.compose import failure_reason, unavailable_reason

# The tests of the whole stack, which run on processes too, and those for containers only.
TESTS = ("tests/e2e",)
LOGS = ROOT / ".stack" / "logs"
COMPOSE = ROOT / "docker" / "compose.yml"
# Names the file that the tests copy into their clones as compose.override.yml.
OVERRIDE = "GLASSHOUSE_TEST_OVERRIDE"
PROJECT = "glasshouse-test"
CERTIFICATES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE")
DEFAULT_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


def run(options: tuple[str, ...]) -> int:
    """Run the tests and return pytest's exit code; `options` may name single test files."""
    LOGS.mkdir(parents=True, exist_ok=True)
    require_browser(LOGS / "install.log")
    with _engine() as variables:
        environment = os.environ | variables | {"GLASSHOUSE_TEST_MODE": "docker"}
        build_images(environment)
        has_selection = any(option.split("::")[0].endswith(".py") for option in options)
        command = [sys.executable, "-m", "pytest", *(() if has_selection else TESTS), *options]
        return subprocess.run(command, cwd=ROOT, env=environment).returncode


@contextmanager
def _engine() -> Iterator[dict[str, str]]:
    """The machine's engine, or a temporary one; yields the environment variables that reach it."""
    if unavailable_reason() is None:
        yield {}
        return
    folder = ROOT / ".stack" / "engine"
    with ExitStack() as contexts:
        with step("Starting a container engine"):
            environment = contexts.enter_context(temporary_engine(folder, LOGS / "engine.log"))
        override = folder / "compose.override.yml"
        override.write_text(yaml.safe_dump(_network_override()))
        yield environment | {OVERRIDE: str(override)}


def certificate_file() -> str:
    """The file with the certificates that this machine trusts."""
    return next(
        (os.environ[name] for name in CERTIFICATES if os.environ.get(name)), DEFAULT_CERTIFICATES
    )


def _network_override() -> dict[str, object]:
    """A temporary engine has no network: builds use the machine's network and certificates."""
    services = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    build = {"network": "host", "secrets": ["ca"]}
    return {
        "services": {name: {"build": build} for name, each in services.items() if "build" in each},
        "secrets": {"ca": {"file": certificate_file()}},
    }


def build_images(environment: dict[str, str]) -> None:
    """Build every image, so that no test has to wait for it; the clones reuse the layers."""
    variables = re.findall(r"\$\{(\w+):\?", COMPOSE.read_text(encoding="utf-8"))
    # Any value will do: no image holds a value of an installation.
    values = dict.fromkeys(variables, "1") | {
        "GLASSHOUSE_PROJECT": PROJECT,
        "COMPOSE_PROFILES": "*",
    }
    files = [f"--file={COMPOSE}"]
    if environment.get(OVERRIDE):
        files.append(f"--file={environment[OVERRIDE]}")
    log = LOGS / "images.log"
    with step("Building every image") as current, log.open("w") as output:
        process = subprocess.run(
            ["docker", "compose", *files, "build"], stdout=output, stderr=output,
            env=environment | values | {"BUILDKIT_PROGRESS": "plain"}, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if process.returncode:
            reason = failure_reason(log.read_text(errors="replace"))
            raise UserError(f"docker compose build failed: {reason}", f"see {log}")
        current.note(", ".join(_sizes(environment)))


def _sizes(environment: dict[str, str]) -> list[str]:
    """Name and size of each image that was built."""
    listing = subprocess.run(
        ["docker", "image", "ls", "--format={{.Repository}} {{.Size}}", f"{PROJECT}-*"],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return sorted(listing.stdout.replace(f"{PROJECT}-", "").splitlines())
