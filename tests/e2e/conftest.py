"""The whole stack, started in a copy of the working tree on free ports."""

import os
import random
from collections.abc import Iterator

import pytest

from tests.conftest import SYNC
from tests.e2e.clone import Clone, running_clone
from tests.e2e.commands import Commands, environment
from tests.e2e.projects import Project
from tests.e2e.saved_dashboards import dashboards_put_back

# test_kills.py kills at moments that this number decides. Test processes inherit it.
KILL_SEED = int(os.environ.setdefault("GLASSHOUSE_KILL_SEED", str(random.randrange(10**6))))


def pytest_report_header() -> str:
    """Print the seed, with which a run can be repeated."""
    return f"GLASSHOUSE_KILL_SEED={KILL_SEED}"


@pytest.fixture(scope="session")
def stack() -> Iterator[Clone]:
    """A running stack that tests leave as they find it, made as a newcomer makes it.

    A process that runs only tests of push and pull starts from a copy of the warehouse, and has a
    few of the dashboards.
    """
    is_sync = os.environ["PYTEST_CURRENT_TEST"].startswith(SYNC)
    yield from running_clone(built=is_sync, few_dashboards=is_sync)


@pytest.fixture(scope="session")
def pushed(stack: Clone) -> Iterator[Project]:
    """The assets as they are in git, pushed. For tests that change neither files nor Superset."""
    commands = Commands(stack.root, environment({}))
    try:
        project = Project(stack, commands)
        project.run("push")
        yield project
    finally:
        commands.close()


@pytest.fixture
def project(pushed: Project) -> Iterator[Project]:
    """The same for tests that change something: all of it is put back afterwards."""
    with dashboards_put_back(pushed):
        yield pushed
