"""The container images of an installation: build them when their inputs have changed."""

import hashlib
import os
import subprocess

from scripts.fingerprint import fingerprint
from scripts.stack import build_state
from scripts.stack.docker.compose import BUILD_SECONDS, Compose, docker_program
from scripts.stack.extras import EXTRAS, extras
from scripts.stack.paths import Paths

# Everything that the Dockerfiles copy, below the project's root.
INPUT_FOLDERS = ("docker", "udf/glasshouse_ml")
INPUT_FILES = (
    "pyproject.toml",
    "requirements.lock",
    "udf/requirements.lock",
    *(f"udf/requirements.{name}.lock" for name in EXTRAS),
)
UP_TO_DATE = "images up to date"


class Images:
    """The images of some services of Compose."""

    def __init__(self, compose: Compose, services: tuple[str, ...]) -> None:
        self.compose = compose
        # The service beat uses the image of the worker.
        self.services = [service for service in services if service != "beat"]

    def build(self) -> str:
        """Build the images if their inputs have changed; returns what was done."""
        settings = self.compose.settings
        inputs_hash = self.inputs_hash()
        if build_state.read(settings, "images") == inputs_hash and self._exist():
            return UP_TO_DATE
        build_state.forget(settings, "images")
        log = Paths(settings.state).logs / "images.log"
        self.compose.run("build", *self.services, seconds=BUILD_SECONDS, log=log)
        build_state.write(settings, "images", inputs_hash)
        return "images built"

    def inputs_hash(self) -> str:
        """A hash of the files and settings that the images are built from."""
        root = self.compose.settings.root
        parts = [(root / name).read_bytes() for name in INPUT_FILES]
        parts.append(fingerprint(*(root / name for name in INPUT_FOLDERS)).encode())
        parts.append(os.environ.get("GLASSHOUSE_BASE", "").encode())
        parts.append(" ".join((*self.services, *extras(self.compose.settings))).encode())
        return hashlib.sha256(b"\0".join(parts)).hexdigest()

    def _exist(self) -> bool:
        images = [f"{self.compose.project}-{service}" for service in self.services]
        command = [docker_program() or "docker", "image", "inspect", *images]
        return subprocess.run(command, capture_output=True).returncode == 0
