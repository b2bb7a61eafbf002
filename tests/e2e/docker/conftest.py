"""Fixtures for containers. `make test-docker` runs these after the tests of both modes."""

import os
from dataclasses import dataclass

import pytest

from scripts.stack.docker.stack import DockerStack
from scripts.stack.processes import wait_until
from scripts.stack.selection import open_stack
from tests.e2e.clone import Clone
from tests.e2e.parts import docker, identities, kill

collect_ignore_glob = [] if os.environ.get("GLASSHOUSE_TEST_MODE") == "docker" else ["test_*.py"]
PATIENCE = 180


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

    def image(self, part: str) -> str:
        """The name of the clone's own image of a part."""
        return f"{self.stack.compose.project}-{part}"

    def heals(self, part: str) -> None:
        """Kill a container; without anybody's help all is well again."""
        container = identities(self.clone)[part]
        before = self._restarts(container)
        kill(self.clone, part)
        assert wait_until(lambda: self._restarts(container) > before, PATIENCE), part
        well = wait_until(lambda: self.clone.make("status").returncode == 0, PATIENCE)
        assert well, self.clone.make("status").stdout
        state = "{{.State.Health.Status}}"
        assert wait_until(lambda: docker("inspect", "-f", state, container) == "healthy", PATIENCE)
        assert identities(self.clone)[part] == container

    @staticmethod
    def _restarts(container: str) -> int:
        return int(docker("inspect", "--format", "{{.RestartCount}}", container))


@pytest.fixture
def engine(stack: Clone) -> Engine:
    """The engine that the session's stack runs on."""
    return Engine(stack)
