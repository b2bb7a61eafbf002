"""The address of a database: what goes to the server, and what comes back to git."""

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
SENT = "postgresql+psycopg2://dashboard:p%40ss%2Fword@127.0.0.1:15432/warehouse"


def test_an_address_goes_out_with_values_and_comes_back_with_placeholders():
    assert fill_uri(OWN, SETTINGS) == SENT
    assert restore_uri(SENT.replace("p%40ss%2Fword", MASK), SETTINGS) == OWN
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
def test_an_address_that_differs_in_one_part_gets_no_password_of_this_installation(change):
    uri = SENT.replace("p%40ss%2Fword", MASK).replace(*change)
    restored = restore_uri(uri, SETTINGS, OWN, "SALES_PASSWORD")
    assert restored == uri.replace(MASK, "${SALES_PASSWORD}")
    assert fill_uri(restored, SETTINGS) == uri


def test_a_password_of_another_database_has_a_key_of_its_own():
    uri = f"mysql://me:{MASK}@db.example:3306/x?y=1"
    restored = restore_uri(uri, SETTINGS, "", password_name("Sales (EU)", "0f66b717"))
    assert restored == "mysql://me:${SALES_EU_PASSWORD}@db.example:3306/x?y=1"
    with_value = SETTINGS.model_copy(update={"extra_values": {"SALES_EU_PASSWORD": "a b"}})
    assert "me:a%20b@" in fill_uri(restored, with_value)
    # Whoever lacks the password can compare, and change what Superset has already.
    assert fill_uri(restored, SETTINGS) == uri
    assert restore_uri(uri, SETTINGS, restored, "OTHER_PASSWORD") == restored
    with pytest.raises(UserError, match=r"no SALES_EU_PASSWORD.*SALES_EU_PASSWORD=… into \.env"):
        require_passwords('database "Sales (EU)"', restored, SETTINGS)
    require_passwords('database "Sales (EU)"', restored, with_value)


def test_a_mask_that_was_left_in_a_file_is_named():
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
def test_the_key_of_a_password_is_never_one_of_this_installation(database, expected):
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
def test_an_address_without_a_password_stays_as_it_is(uri):
    assert restore_uri(uri, SETTINGS, "", "X_PASSWORD") == uri
