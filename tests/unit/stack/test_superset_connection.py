"""Who may use which connection of Superset: sandboxes belong to their guests."""

import importlib.util
from types import SimpleNamespace
from typing import Any

import psycopg2
import pytest
from sqlalchemy.engine.url import make_url

from scripts.settings import ROOT

WAREHOUSE = "postgresql+psycopg2://dashboard:x@127.0.0.1:15432/warehouse"
SANDBOX = "postgresql+psycopg2://sandbox_ada:x@127.0.0.1:15432/warehouse"


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Any:
    """connect_as_reader for a user with these roles; returns the login."""
    monkeypatch.setenv("WAREHOUSE_URI", WAREHOUSE)
    monkeypatch.setenv("ANALYST_DB_PASSWORD", "x")
    file = ROOT / "docker" / "superset_connection.py"
    spec = importlib.util.spec_from_file_location("superset_connection", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "_is_analyst", lambda roles, _: len(roles) > 1)
    monkeypatch.setattr(module, "_roles_with_filters", lambda _: set())

    def connect(url: str, *roles: str) -> str:
        user = [SimpleNamespace(name=role) for role in roles]
        monkeypatch.setattr(module, "g", SimpleNamespace(user=user))
        security = SimpleNamespace(get_user_roles=list, auth_role_admin="Admin")
        return module.connect_as_reader(make_url(url), {}, None, security, None)[0].username

    return connect


def test_sandbox_is_open_to_its_guest_and_administrators(connect: Any) -> None:
    assert connect(SANDBOX, "Gamma", "sql_lab", "Sandbox ada") == "sandbox_ada"
    assert connect(SANDBOX, "Admin") == "sandbox_ada"
    for roles in (["Gamma", "sql_lab", "Analyst"], ["Gamma", "sql_lab", "Sandbox bob"], []):
        with pytest.raises(psycopg2.OperationalError, match="belongs to another user"):
            connect(SANDBOX, *roles)


def test_guest_does_not_read_the_warehouse(connect: Any) -> None:
    assert connect(WAREHOUSE, "Gamma", "sql_lab") == "analyst"
    assert connect(WAREHOUSE, "Stakeholder") == "dashboard"
    with pytest.raises(psycopg2.OperationalError, match="database of the sandbox"):
        connect(WAREHOUSE, "Gamma", "sql_lab", "Sandbox ada")
