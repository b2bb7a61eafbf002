"""Database clusters for tests: made once for each version of the source, then copied.

A template is the folder of a stopped installation. The first process that needs one makes it
under a lock; every other process, and every later run of the same source, copies its files and
starts a server on them, which takes about two seconds instead of minutes.

`server`: as `make up` provisions it, without data. `engine`: with the registry, the functions and
the sample table. `warehouse`: with the simulated shop and everything that dbt builds.
"""

import os
import random
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg2

from scripts.bootstrap.locks import exclusive_lock
from scripts.data.sample import load_sample
from scripts.examples.shop.loading import fill_if_empty
from scripts.fingerprint import fingerprint
from scripts.settings import ROOT, Settings
from scripts.stack.build import build, build_functions
from scripts.stack.interface import Stack
from scripts.stack.native.stack import NativeStack
from scripts.stack.paths import Paths
from scripts.stack.processes import find_by_working_directory, is_alive, terminate
from scripts.stack.provision import provision
from scripts.stack.selection import open_stack

# What the content of a template depends on.
SOURCES = ("dbt", "udf", "scripts/stack", "scripts/data", "scripts/examples", "docker/postgres")
# The extra libraries of the database server in every template.
ML_EXTRAS = "lightgbm,xgboost"
FOLDER, COPIES = "test-clusters", "copies"
COMPLETE = "template-complete"
# Templates of the current version of the source and of the one before stay on the disk.
VERSIONS = 2
# A lost test database harms nobody: the server need not wait for the disk.
UNSAFE_BUT_FAST = (
    "fsync = off",
    "full_page_writes = off",
    "synchronous_commit = off",
    "wal_level = minimal",
    "max_wal_senders = 0",
    "wal_recycle = off",
)
# Ports below those that the system gives to outgoing connections: one of these could be taken
# between the check that it is free and its use.
PORTS = range(20_000, 32_000)


@dataclass(frozen=True)
class Warehouse:
    """A throwaway database server and how to reach it."""

    settings: Settings
    stack: Stack

    def dsn(self, role: str) -> dict[str, Any]:
        """How psycopg2 connects to database `warehouse` as a role."""
        return self.settings.dsn(role)


def free_port() -> int:
    """A port nobody listens on at this moment."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def throwaway_settings(root: Path, state: Path) -> Settings:
    """Settings on free ports, with the same passwords in every cluster and so in every copy."""
    roles = ("postgres", "transformer", "dashboard", "analyst_db", "superset_db")
    names = ("superset_admin", "row_filter", *roles)
    return Settings(
        root=root,
        state=state,
        mode="native",
        postgres_port=free_port(),
        superset_port=free_port(),
        superset_admin_user="admin",
        superset_secret_key="a key of a test",
        extra_values={"ML_EXTRAS": ML_EXTRAS},
        **{f"{name}_password": f"a password for {name}" for name in names},
    )


@contextmanager
def cluster(template: str = "server", root: Path = ROOT) -> Iterator[Warehouse]:
    """A running copy of a template, for a caller who may do anything with it; gone afterwards.

    `root`: the project whose dbt models and functions are built into it, such as a changed copy.
    """
    with (
        _copied(template) as folder,
        _running(throwaway_settings(root, folder)) as warehouse,
    ):
        yield warehouse


@contextmanager
def _copied(template: str) -> Iterator[Path]:
    """The folder of a copy of a template; gone afterwards."""
    copies = _folder() / COPIES
    copies.mkdir(exist_ok=True)
    remove_orphans()
    folder = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=copies))
    folder.chmod(0o755)
    try:
        copy_template(template, folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def new_server(state: Path, root: Path = ROOT) -> Iterator[Warehouse]:
    """A server as `make up` provisions it, made from nothing and with the settings of a real one.

    For measurements. Tests take `cluster()`, which is faster.
    """
    settings = throwaway_settings(root, state)
    try:
        with _running(settings) as warehouse:
            provision(settings, warehouse.stack.superuser("postgres"))
            yield warehouse
    finally:
        open_stack(settings).remove()


@contextmanager
def citus_stack(workers: int = 2) -> Iterator[Warehouse]:
    """A stack of MODE=cluster without data, for a caller who may do anything with it."""
    with _copied("server") as folder:
        # Of the template the libraries stay.
        shutil.rmtree(folder / "postgres")
        settings = throwaway_settings(ROOT, folder)
        extra_values = settings.extra_values | {"CLUSTER_WORKERS": str(workers)}
        update = {"mode": "cluster", "extra_values": extra_values}
        with _running(settings.model_copy(update=update)) as warehouse:
            provision(warehouse.settings, warehouse.stack.superuser("postgres"))
            yield warehouse


@contextmanager
def _running(settings: Settings) -> Iterator[Warehouse]:
    """The installation of these settings with its server up; stopped afterwards."""
    stack = open_stack(settings)
    stack.prepare()
    try:
        stack.update_server_environment()
        stack.start_database()
        yield Warehouse(settings, stack)
    finally:
        stack.stop()
        shutil.rmtree(Paths(settings.state).sockets, ignore_errors=True)


def copy_template(name: str, folder: Path) -> None:
    """Copy a template into `folder`, which becomes the state of an installation.

    The libraries become hard links: nobody writes into these files.
    """
    for entry in _template(name).iterdir():
        if entry.name != COMPLETE:
            how = "--link" if entry.name == "server" else "--reflink=auto"
            subprocess.run(["cp", "--archive", how, entry, folder], check=True)


def _template(name: str) -> Path:
    """The folder of a template, made where it is not there yet."""
    folder = _folder() / _source_version() / name
    with exclusive_lock(folder.with_name(f"{name}.lock")):
        if not (folder / COMPLETE).exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            base, make = TEMPLATES[name]
            if base:
                copy_template(base, folder)
            else:
                _remove_old_versions()
            with _running(throwaway_settings(ROOT, folder)) as warehouse:
                make(warehouse)
            (folder / COMPLETE).touch()
    return folder


def _make_server(warehouse: Warehouse) -> None:
    superuser = warehouse.stack.superuser("postgres")
    with closing(psycopg2.connect(**superuser)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for setting in UNSAFE_BUT_FAST:
                cursor.execute(f"alter system set {setting}")
    provision(warehouse.settings, superuser)


def _make_engine(warehouse: Warehouse) -> None:
    load_sample(warehouse.dsn("transformer"), warehouse.settings.state / "data")
    build_changed_functions(warehouse.settings, warehouse.stack)


def _make_warehouse(warehouse: Warehouse) -> None:
    fill_if_empty(warehouse.dsn("transformer"), lambda place: None)
    with functions_built_once():
        build(warehouse.settings, warehouse.stack, show=False)


@contextmanager
def functions_built_once() -> Iterator[None]:
    """Have `build` leave out functions that a cluster has already: ten seconds of each build."""
    with patch("scripts.stack.build.build_functions", build_changed_functions):
        yield


def build_changed_functions(settings: Settings, stack: Stack, show: bool = True) -> None:
    """Build registry and functions, unless this installation was built from the same source."""
    stamp = settings.state / "functions-built"
    source = fingerprint(settings.root / "udf", settings.root / "dbt" / "macros")
    if not stamp.exists() or stamp.read_text() != source:
        build_functions(settings, stack, show=False)
        stamp.write_text(source)


# Name of a template: the one it starts from, and what is added to that.
TEMPLATES: dict[str, tuple[str | None, Callable[[Warehouse], None]]] = {
    "server": (None, _make_server),
    "engine": ("server", _make_engine),
    "warehouse": ("engine", _make_warehouse),
}


@cache
def _folder() -> Path:
    """The folder of all templates and copies, which the database server's user can reach."""
    # Installs PostgreSQL where it is missing, and with it that user.
    NativeStack(throwaway_settings(ROOT, ROOT / ".stack")).prepare()
    folder = Paths(ROOT / ".stack").server_state / FOLDER
    folder.mkdir(exist_ok=True)
    return folder


def remove_clusters() -> None:
    """Remove all templates and copies."""
    shutil.rmtree(Paths(ROOT / ".stack").server_state / FOLDER, ignore_errors=True)


def _source_version() -> str:
    own = sha256(Path(__file__).read_bytes()).hexdigest()
    files = fingerprint(*(ROOT / source for source in SOURCES))
    return sha256(f"{own} {files}".encode()).hexdigest()[:12]


def _remove_old_versions() -> None:
    versions = [each for each in _folder().iterdir() if each.name != COPIES]
    for old in sorted(versions, key=lambda each: each.stat().st_mtime)[:-VERSIONS]:
        shutil.rmtree(old, ignore_errors=True)


def remove_orphans() -> None:
    """Remove the copies whose test process was killed before it could do so."""
    for folder in (Paths(ROOT / ".stack").server_state / FOLDER / COPIES).glob("*-*"):
        if not is_alive(int(folder.name.partition("-")[0])):
            for data in (folder / "postgres", *folder.glob("worker*")):
                terminate(find_by_working_directory(data))
            shutil.rmtree(folder, ignore_errors=True)
