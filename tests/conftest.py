"""What the tests share: a real PostgreSQL of their own, and the real data beside the project."""

import os
import random
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from scripts.data.sample import load_sample
from scripts.examples.shop.loading import fill_if_empty
from scripts.settings import Settings
from scripts.stack.build import build, build_functions
from scripts.stack.interface import Stack
from scripts.stack.provision import provision
from scripts.stack.selection import open_stack

ROOT = Path(__file__).resolve().parent.parent


def pytest_configure() -> None:
    """Told to end, the tests take down what they have started, as they do after Ctrl+C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """With --dist=loadscope, tests of the whole stack share a process; all else goes by file."""
    return Together(config, log) if config.getoption("dist") == "loadscope" else None


# Its tests have a stack of their own, and are as long as a third of all those that share one.
OWN_STACK = "tests/e2e/test_stack_life.py"


class Together(LoadScopeScheduling):
    """What shares something that takes long to make is not spread over processes."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        shared = file.startswith("tests/e2e/") and file != OWN_STACK
        return "tests/e2e" if shared else file


@dataclass(frozen=True)
class Warehouse:
    """A throwaway database server and how to reach it."""

    settings: Settings
    stack: Stack

    def dsn(self, role: str) -> dict[str, Any]:
        """How psycopg2 connects to database `warehouse` as a role."""
        return self.settings.dsn(role)


# Below those from which a connection that goes out is given its own: between being found free and
# being listened on, a port there may be taken by anybody's.
PORTS = range(20_000, 32_000)


def free_port() -> int:
    """A port nobody listens on at this moment."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def throwaway_settings(root: Path, state: Path) -> Settings:
    """Settings on free ports, with passwords that matter to nobody."""
    names = ("superset_admin", "postgres", "transformer", "dashboard", "superset_db")
    return Settings(
        root=root,
        state=state,
        mode="native",
        postgres_port=free_port(),
        superset_port=free_port(),
        superset_admin_user="admin",
        superset_secret_key="a key of a test",
        extra_values={"ML_EXTRAS": "lightgbm,xgboost"},
        **{f"{name}_password": f"a password for {name}" for name in names},
    )


@contextmanager
def new_server(state: Path, root: Path = ROOT) -> Iterator[Warehouse]:
    """A server as `make up` provisions it, with nothing in it yet; gone afterwards."""
    settings = throwaway_settings(root, state)
    stack = open_stack(settings)
    stack.prepare()
    try:
        stack.update_server_environment()
        stack.start_database()
        provision(settings, stack.superuser("postgres"))
        yield Warehouse(settings, stack)
    finally:
        stack.stop()
        stack.remove()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """One for all tests."""
    with new_server(tmp_path_factory.mktemp("warehouse") / ".stack") as made:
        yield made


@pytest.fixture(scope="session")
def engine(server: Warehouse) -> Warehouse:
    """The same with registry, functions and the sample data: all that needs no model of dbt's."""
    load_sample(server.dsn("transformer"), server.settings.state / "data")
    build_functions(server.settings, server.stack, show=False)
    return server


@pytest.fixture(scope="session")
def warehouse(engine: Warehouse) -> Warehouse:
    """The same with the shop, and everything dbt builds."""
    fill_if_empty(engine.dsn("transformer"), lambda place: None)
    build(engine.settings, engine.stack, show=False)
    return engine


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real data beside the project; the tests that need it skip without it."""
    folder = Path(os.environ.get("GLASSHOUSE_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"needs the data folder {folder} (or $GLASSHOUSE_DATA), which is not there")
    return folder
