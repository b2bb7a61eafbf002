"""The stack in containers. `make test-docker` runs these, and nothing else does."""

import os
import subprocess
from dataclasses import dataclass

import pytest

from scripts.stack.docker import DockerStack
from scripts.stack.interface import open_stack
from tests.e2e.conftest import Clone

collect_ignore_glob = [] if os.environ.get("GLASSHOUSE_TEST_MODE") == "docker" else ["test_*.py"]


@dataclass
class Engine:
    """The engine, and the containers of one clone on it."""

    clone: Clone

    @property
    def stack(self) -> DockerStack:
        """The clone's stack."""
        stack = open_stack(self.clone.settings)
        assert isinstance(stack, DockerStack)
        return stack

    def ask(self, *words: str) -> str:
        """A docker command that has to succeed."""
        done = subprocess.run(["docker", *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def containers(self) -> dict[str, str]:
        """The number of each running container, by service."""
        compose = self.stack.compose
        return {service: compose.container(service) for service in compose.running()}


@pytest.fixture
def engine(stack: Clone) -> Engine:
    """The engine that the session's stack runs on."""
    return Engine(stack)
