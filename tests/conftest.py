"""What the tests share: a real PostgreSQL of their own, and the real data beside the project."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from scripts.settings import ROOT
from tests import clusters
from tests.clusters import Warehouse, cluster, free_port, throwaway_settings
from tests.e2e import clone

# What test modules import from here; the code is in tests/clusters.py.
__all__ = ["ROOT", "Warehouse", "free_port", "throwaway_settings"]


def pytest_configure() -> None:
    """Told to end, the tests take down what they have started, as they do after Ctrl+C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # No test reads dbt's log of each statement, and writing it is a tenth of the time of a build.
    os.environ.setdefault("DBT_LOG_LEVEL_FILE", "none")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing running of test processes that xdist had to kill: it waits ten seconds."""
    if hasattr(config, "workerinput"):
        return
    clone.remove_orphans()
    clusters.remove_orphans()
    # On a build server nobody runs the tests a second time.
    if os.environ.get("CI"):
        clusters.remove_clusters()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """With --dist=loadscope, tests that share a stack share a process; all else goes by file."""
    return SharedStacks(config, log) if config.getoption("dist") == "loadscope" else None


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Name a failed test at once: pytest shows failures only when all tests have ended."""
    # Reports with a node are those that a worker process sent to the process with a terminal.
    if report.failed and hasattr(report, "node"):
        print(f"\nFAILED {report.nodeid} ({report.when})", flush=True)


SYNC = "tests/e2e/test_sync"
STACK_LIFE = "tests/e2e/test_stack_life.py"
# Their tests have a stack of their own.
OWN_STACKS = (STACK_LIFE, "tests/e2e/test_kills.py")
# A process that began one of these last would keep the others waiting: the longest come first. The
# first of them make the templates of clusters; those that follow need only the smaller ones, and
# then the others need not wait.
LONGEST = (
    "tests/e2e/test_attacks.py",
    SYNC,
    "tests/integration/test_promotion.py",
    "tests/integration/test_shop_history.py",
    STACK_LIFE,
    "tests/e2e/",
    *(f"tests/integration/test_{name}.py" for name in (
        "shop_real_data", "models", "model_nodes", "shop_small", "failing_tests",
        "existing_server", "engine_interrupts", "add_tables",
    )),
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first."""

    def rank(item: pytest.Item) -> int:
        starts = (n for n, start in enumerate(LONGEST) if item.nodeid.startswith(start))
        return next(starts, len(LONGEST))

    items.sort(key=rank)


class SharedStacks(LoadScopeScheduling):
    """The tests of push and pull share one stack, the other tests of a stack another."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        if not file.startswith("tests/e2e/") or file in OWN_STACKS:
            return file
        return SYNC if file.startswith(SYNC) else "tests/e2e"


@pytest.fixture(scope="session")
def server() -> Iterator[Warehouse]:
    """A provisioned server without data. Tests work in databases of their own."""
    with cluster("server") as warehouse:
        yield warehouse


@pytest.fixture(scope="session")
def engine() -> Iterator[Warehouse]:
    """Registry, functions and the sample table: all that needs no model of dbt's."""
    with cluster("engine") as warehouse:
        yield warehouse


@pytest.fixture(scope="session")
def warehouse() -> Iterator[Warehouse]:
    """The shop and everything dbt builds. Tests leave it as they find it."""
    with cluster("warehouse") as warehouse:
        yield warehouse


@pytest.fixture(scope="module")
def warehouse_copy() -> Iterator[Warehouse]:
    """A warehouse that the tests of one module may change as they like."""
    with cluster("warehouse") as warehouse:
        yield warehouse


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real data beside the project; the tests that need it skip without it."""
    folder = Path(os.environ.get("GLASSHOUSE_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"needs the data folder {folder} (or $GLASSHOUSE_DATA), which is not there")
    return folder
