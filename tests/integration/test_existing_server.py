"""An existing server: what is created there, refused and removed."""

import shutil
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2
import pytest

from scripts.errors import UserError
from scripts.stack.external.doctor import find
from scripts.stack.external.names import read_names
from scripts.stack.external.stack import ExternalStack
from scripts.stack.provision import provision
from scripts.stack.signing_key import KEY_FILE

from .existing_server import PASSWORD, Server, no_confirmation, server, settings_for

__all__ = ["no_confirmation", "server"]  # fixtures

TRAIN = """
    select score > 0.9 from ml.train(
        'trial', 'select n as id, n % 7 as a, n % 5 as b, 2.0 * (n % 7) - n % 5 as y
            from generate_series(1, 300) as n',
        'regression', 'y', 'id', '[{"algorithm": "ridge"}]', 'r2'
    )
"""


def test_life_beside_others(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    before, others = server.dump(), server.others()
    with pytest.raises(
        UserError, match=r"creates in the database company at .*role transformer"
    ) as e:
        server.install()
    assert "schema reports" in e.value.line and "YES=1 make up" in e.value.line
    assert "\n" not in e.value.line
    findings = {finding.name: finding for finding in find(server.settings, server.stack)}
    assert findings["names"].detail.startswith("the names are free")
    assert not any(finding.remedy for finding in findings.values())
    assert server.dump() == before

    monkeypatch.setenv("YES", "1")
    server.install()
    assert server.others() == others
    with closing(psycopg2.connect(**server.settings.dsn("transformer"))) as connection:
        with connection, connection.cursor() as cursor:
            cursor.execute(TRAIN)
            assert cursor.fetchone() == (True,)
        with connection, connection.cursor() as cursor:
            query = "select 1 as id, 3 as a, 2 as b"
            cursor.execute(
                "select round(prediction::numeric) from ml.predict('trial', %s)", [query]
            )
            assert cursor.fetchone() == (4,)
    monkeypatch.delenv("YES")
    # It asks no second time, and changes nothing.
    server.install()
    names = read_all_names(server)
    assert names.is_installed and not names.clashes and not names.missing
    server.run("create role dashboard_0123456789ab in role readers")

    # A second process has no other way to the functions than their own text.
    with (
        closing(psycopg2.connect(**server.settings.dsn("transformer"))) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("select ml.promote('trial', 1)")
        cursor.execute("select model from ml.model_versions")
        assert cursor.fetchall() == [("trial",)]

    refused_removal(server)
    state = server.settings.state
    shutil.copytree(state / "server", state.with_name("kept"), symlinks=True, copy_function=_link)
    server.stack.remove()
    state.with_name("kept").rename(state / "server")
    assert server.dump() == before
    assert not (server.warehouse.settings.state / "postgres" / KEY_FILE).exists()
    # Nothing is left to do.
    assert read_all_names(server).own_roles == []


def refused_removal(server: Server) -> None:
    """Objects of others in the schemas of Glasshouse, or on top of them, stop the removal."""
    server.run("grant all on schema reports, ml to bob")
    for create, drop, name in (
        ("create table reports.mine (a int)", "drop table reports.mine", "table reports.mine"),
        ("create table ml.mine (a int)", "drop table ml.mine", "table ml.mine"),
        (
            "set role bob; create function ml.mine() returns int language sql as 'select 1'",
            "drop function ml.mine()", "function ml.mine()",
        ),
        (
            "create view public.models as select model from ml.model_versions",
            "drop view public.models", "view models",
        ),
        (
            "create table public.results (result ml.training_result)",
            "drop table public.results", "column result of table results",
        ),
    ):  # fmt: skip
        server.run(create)
        complete = server.dump()
        with pytest.raises(UserError, match="Nothing was removed") as caught:
            server.stack.remove()
        assert name in caught.value.line and "\n" not in caught.value.line
        assert server.dump() == complete
        server.run(drop)
    server.run("revoke all on schema reports, ml from bob")


def _link(source: str, target: str) -> None:
    Path(target).hardlink_to(source)


def read_all_names(server: Server) -> Any:
    with (
        closing(psycopg2.connect(**server.settings.dsn("postgres"))) as connection,
        connection.cursor() as cursor,
    ):
        return read_names(cursor, server.settings)


@pytest.mark.parametrize(
    ("create", "drop", "name"),
    [
        ("create role dashboard", "drop role dashboard", "role dashboard"),
        (
            "create role analyst; comment on role analyst is 'Glasshouse in the database \"x\"'",
            "drop role analyst", "role analyst (Glasshouse in the database \"x\")",
        ),
        ("create schema staging authorization bob", "drop schema staging", "schema staging"),
        ("create schema ml", "drop schema ml", "schema ml"),
        ("create database superset owner bob", "drop database superset", "database superset"),
    ],
)  # fmt: skip
def test_taken_name_is_one_line_and_changes_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch, create: str, drop: str, name: str
) -> None:
    monkeypatch.setenv("YES", "1")
    for statement in create.split("; "):
        server.run(statement)
    try:
        before = server.dump()
        for attempt in (
            server.install,
            lambda: provision(server.settings, server.stack.superuser("postgres")),
        ):
            with pytest.raises(UserError, match="nothing was changed") as caught:
                attempt()
            assert name in caught.value.line and "\n" not in caught.value.line
        finding = list(find(server.settings, server.stack))[-1]
        assert finding.name == "names" and name in finding.detail and finding.remedy
        assert server.dump() == before
    finally:
        server.run(drop)


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ({"password": "wr/ong"}, "refuses: password authentication failed"),
        ({"database": "no such"}, 'refuses: database "no such" does not exist'),
        ({"host": "/no/such/folder"}, "no server answers at /no/such/folder"),
        ({"host": "no-such-host.invalid"}, "no server answers at no-such-host.invalid"),
        ({"user": "bob", "password": "x"}, "refuses: password authentication failed"),
    ],
)
def test_wrong_url_is_one_line(server: Server, parts: dict[str, str], problem: str) -> None:
    if parts.get("host", "").startswith("/"):
        parts = {"host": quote(parts["host"], safe="")}
    settings = settings_for(server.warehouse, server.settings.state, **parts)
    with pytest.raises(UserError, match=r"DATABASE_URL in \.env: ") as caught:
        ExternalStack(settings).check()
    assert problem in caught.value.line and "\n" not in caught.value.line
    assert PASSWORD not in caught.value.line and "wr/ong" not in caught.value.line
    part = ExternalStack(settings).parts()[0]
    assert not part.healthy and "\n" not in part.detail


def test_plain_role_is_refused(server: Server) -> None:
    server.run("alter role bob password 'x'")
    settings = settings_for(server.warehouse, server.settings.state, user="bob", password="x")
    with pytest.raises(UserError, match="bob is no superuser"):
        ExternalStack(settings).check()
    findings = {finding.name: finding for finding in find(settings, ExternalStack(settings))}
    assert "DATABASE_ADMIN_URL" in findings["rights"].remedy
    assert "libraries" not in findings
