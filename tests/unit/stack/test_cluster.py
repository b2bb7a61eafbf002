"""MODE=cluster, as far as no server is needed to tell."""

from pathlib import Path

import pytest

from scripts.errors import UserError
from scripts.settings import ROOT, Settings
from scripts.stack.cluster.nodes import Node, Worker, password_file
from scripts.stack.cluster.stack import ClusterStack, worker_count
from scripts.stack.commands import _require_own_server
from scripts.stack.native.postgres_packages import Postgres
from scripts.stack.selection import open_stack
from tests.clusters import throwaway_settings

SERVER = Postgres(15)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return throwaway_settings(ROOT, tmp_path).model_copy(update={"mode": "cluster"})


def with_workers(settings: Settings, text: str) -> Settings:
    return settings.model_copy(update={"extra_values": {"CLUSTER_WORKERS": text}})


@pytest.fixture
def has_citus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.stack.cluster.stack.installed_postgres", lambda data: SERVER)
    monkeypatch.setattr(Postgres, "has_extension", lambda server, name: name == "citus")


@pytest.mark.parametrize("server", [SERVER, None], ids=["without Citus", "without PostgreSQL"])
def test_a_machine_without_citus_is_told_what_to_install(
    settings: Settings, server: Postgres | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.stack.cluster.stack.installed_postgres", lambda data: server)
    monkeypatch.setattr(Postgres, "has_extension", lambda server, name: False)
    with pytest.raises(UserError, match="needs the extension Citus") as error:
        open_stack(settings).check()
    assert "citus" in error.value.remedy
    assert "MODE=native" in error.value.remedy
    assert list(settings.state.iterdir()) == []


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", "65"])
def test_an_impossible_number_of_workers_is_refused(settings: Settings, text: str) -> None:
    with pytest.raises(UserError, match=f'CLUSTER_WORKERS cannot be "{text}"'):
        worker_count(with_workers(settings, text))


def test_two_workers_are_the_default(settings: Settings) -> None:
    assert worker_count(settings) == 2
    assert worker_count(with_workers(settings, "3")) == 3


@pytest.mark.usefixtures("has_citus")
def test_workers_are_never_dropped(settings: Settings) -> None:
    for number in (1, 2, 3):
        (settings.state / f"worker{number}").mkdir()
    (settings.state / "postgres").mkdir()
    with pytest.raises(UserError, match="this installation has 3 workers"):
        open_stack(settings).check()


@pytest.mark.usefixtures("has_citus")
def test_a_single_server_does_not_become_a_cluster(settings: Settings) -> None:
    (settings.state / "postgres").mkdir()
    with pytest.raises(UserError, match="has a single server with its rows"):
        open_stack(settings).check()


@pytest.mark.parametrize("mode", ["native", "auto", "docker"])
def test_a_cluster_does_not_become_a_single_server(settings: Settings, mode: str) -> None:
    (settings.state / "worker1").mkdir()
    with pytest.raises(UserError, match="has a cluster, which stores rows"):
        open_stack(settings.model_copy(update={"mode": mode}))
    assert isinstance(open_stack(settings), ClusterStack)


def test_workers_listen_on_a_socket_only_and_trust_nobody(settings: Settings) -> None:
    worker = Worker(settings, SERVER, 2)
    texts = worker.configuration()
    assert "listen_addresses = ''" in texts["glasshouse.conf"]
    assert "shared_preload_libraries = 'citus'" in texts["glasshouse.conf"]
    assert worker.port == settings.postgres_port + 2
    assert "trust" not in texts["pg_hba.conf"]
    coordinator = Node(settings, SERVER)
    assert "listen_addresses = '127.0.0.1'" in coordinator.configuration()["glasshouse.conf"]
    assert {coordinator.data.name, worker.data.name} == {"postgres", "worker2"}


def test_nodes_log_in_with_the_passwords_of_the_settings(settings: Settings) -> None:
    settings = settings.model_copy(
        update={"transformer_password": r"a:b\c", "row_filter_password": "rows"}
    )
    lines = password_file(settings).splitlines()
    assert r"*:*:*:transformer:a\:b\\c" in lines
    # libpq takes the first line that fits.
    assert lines[-1] == "*:*:*:*:rows"


def test_a_cluster_is_not_backed_up_by_halves(settings: Settings) -> None:
    with pytest.raises(UserError, match="do not work on a cluster"):
        _require_own_server(settings)
