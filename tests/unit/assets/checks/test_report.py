"""`check` queries the Superset of the selected environment only."""

import socket

import pytest

from scripts.assets.checks import report
from scripts.assets.checks.charts import Limits
from scripts.errors import UserError
from tests.clusters import free_port


@pytest.fixture
def checked_addresses(write, assets, settings, monkeypatch):
    """Runs `check` on the sample with another Superset's address; the addresses it asked."""
    write(assets)
    addresses = []
    monkeypatch.setattr(report, "find_convention_problems", lambda *_: [])
    monkeypatch.setattr(report, "Superset", lambda server_settings: server_settings)
    monkeypatch.setattr(
        report,
        "_query_problems",
        lambda _, server_settings, __: addresses.append(server_settings.superset_url) or [],
    )

    def run(environment: str, port: int) -> list[str]:
        url = {"SUPERSET_URL": f"http://127.0.0.1:{port}"}
        update = {"environment": environment, "extra_values": url}
        assert report.check(settings.model_copy(update=update), Limits())
        return addresses

    return run


def test_check_queries_superset_of_environment(checked_addresses):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert checked_addresses("production", port) == [f"http://127.0.0.1:{port}"]


def test_unreachable_environment_is_error(checked_addresses):
    with pytest.raises(UserError, match="Superset of production does not answer at http"):
        checked_addresses("production", free_port())


def test_check_without_environment_skips_queries(checked_addresses, capsys):
    assert checked_addresses("", free_port()) == []
    assert "the queries were not run" in capsys.readouterr().out
