"""Database URIs: what is sent to the server, and what is written to git."""

import pytest

from scripts.assets.model.database_uri import (
    MASK,
    fill_uri,
    password_name,
    require_passwords,
    restore_uri,
)
from scripts.errors import UserError
from tests.unit.assets.sample_assets import ASSETS, SETTINGS

OWN = ASSETS["databases/warehouse.yaml"]["sqlalchemy_uri"]
FULL_URI = "postgresql+psycopg2://dashboard:p%40ss%2Fword@127.0.0.1:15432/warehouse"


def test_uri_round_trip_with_placeholders():
    assert fill_uri(OWN, SETTINGS) == FULL_URI
    assert restore_uri(FULL_URI.replace("p%40ss%2Fword", MASK), SETTINGS) == OWN
    assert restore_uri(OWN, SETTINGS) == OWN


@pytest.mark.parametrize(
    "change",
    [
        ("127.0.0.1", "db.example.org"),
        ("127.0.0.1", "127.0.0.1.example.org"),
        ("15432", "15433"),
        (":15432", ""),
        ("/warehouse", "/other"),
        ("dashboard:", "superset:"),
        ("postgresql+psycopg2", "mysql"),
        ("/warehouse", "/warehouse?host=db.example.org"),
    ],
)
def test_uri_of_other_server_gets_no_own_password(change):
    uri = FULL_URI.replace("p%40ss%2Fword", MASK).replace(*change)
    git_uri = restore_uri(uri, SETTINGS, OWN, "SALES_PASSWORD")
    assert git_uri == uri.replace(MASK, "${SALES_PASSWORD}")
    assert fill_uri(git_uri, SETTINGS) == uri


def test_other_database_has_own_password_key():
    uri = f"mysql://me:{MASK}@db.example:3306/x?y=1"
    git_uri = restore_uri(uri, SETTINGS, "", password_name("Sales (EU)", "0f66b717"))
    assert git_uri == "mysql://me:${SALES_EU_PASSWORD}@db.example:3306/x?y=1"
    with_value = SETTINGS.model_copy(update={"extra_values": {"SALES_EU_PASSWORD": "a b"}})
    assert "me:a%20b@" in fill_uri(git_uri, with_value)
    # Whoever lacks the password can compare, and change what Superset has already.
    assert fill_uri(git_uri, SETTINGS) == uri
    assert restore_uri(uri, SETTINGS, git_uri, "OTHER_PASSWORD") == git_uri
    with pytest.raises(UserError, match=r"no SALES_EU_PASSWORD.*SALES_EU_PASSWORD=… into \.env"):
        require_passwords('database "Sales (EU)"', git_uri, SETTINGS)
    require_passwords('database "Sales (EU)"', git_uri, with_value)


def test_masked_password_in_file_is_refused():
    with pytest.raises(UserError, match=r"holds Superset's mask.*write \$\{NAME_PASSWORD\}"):
        require_passwords('database "Sales"', f"mysql://me:{MASK}@db/x", SETTINGS)


@pytest.mark.parametrize(
    ("database", "expected"),
    [
        ("dashboard", "DATABASE_DASHBOARD_PASSWORD"),
        ("superset-db", "DATABASE_SUPERSET_DB_PASSWORD"),
        ("2024 sales", "DATABASE_2024_SALES_PASSWORD"),
        ("a/b\\c", "A_B_C_PASSWORD"),
        ("売上", "DATABASE_0F66B717_PASSWORD"),
    ],
)
def test_password_key_is_not_one_of_settings(database, expected):
    assert password_name(database, "0f66b717-9b01") == expected


@pytest.mark.parametrize(
    "uri",
    [
        "sqlite:///:memory:",
        "bigquery://project",
        "snowflake://me@account/db?warehouse=x",
        "not an address",
        "postgresql://[::1/broken",
        "postgresql://h:port/x",
    ],
)
def test_uri_without_password_is_unchanged(uri):
    assert restore_uri(uri, SETTINGS, "", "X_PASSWORD") == uri
