"""The logins of readers and their rules, computed from the files."""

from typing import Any

import pytest

from scripts.assets.access.readers import (
    Rule,
    filtered_logins,
    login_name,
    row_condition,
    rules,
    unenforced_filters,
)
from scripts.assets.model.asset import Asset, Bundle

WAREHOUSE = {"database_name": "w", "uuid": "w", "sqlalchemy_uri": "postgresql://dashboard:x@h/w"}
OTHER = {"database_name": "o", "uuid": "o", "sqlalchemy_uri": "postgresql://dashing:x@h/w"}


def dataset(
    name: str, schema: str = "reports", database: str = "w", sql: str | None = None
) -> Asset:
    data = {"table_name": name, "schema": schema, "database_uuid": database, "sql": sql}
    return Asset("datasets", data | {"uuid": name})


def row_filter(name: str, clause: str, *roles: str, **fields: Any) -> Asset:
    data = {"name": name, "clause": clause, "roles": list(roles), "datasets": ["sales"]}
    return Asset("filters", data | fields)


def user(*roles: str) -> Asset:
    return Asset("users", {"username": "-".join(roles), "roles": list(roles)})


def bundle(*assets: Asset) -> Bundle:
    return Bundle.of([Asset("databases", WAREHOUSE), Asset("databases", OTHER), *assets])


def test_rules_without_filters_cover_schemas_and_published_tables() -> None:
    datasets = [
        dataset("sales"),
        dataset("orders", "marts"),
        dataset("raw", "vault"),
        dataset("elsewhere", "marts", "o"),
        dataset("joined", sql="with a as (select 1) select * from predictions.churn, a"),
    ]
    assert rules(bundle(*datasets)) == [
        Rule("analyst", "marts"),
        Rule("analyst", "predictions"),
        Rule("dashboard", "marts", "orders"),
        Rule("dashboard", "predictions", "churn"),
        Rule("dashboard", "reports"),
    ]


def test_each_role_set_has_login_of_each_kind() -> None:
    filters = [row_filter("a", "a = 1", "A"), row_filter("b", "b = 1", "B")]
    git = bundle(dataset("sales"), *filters, user("A", "Other"), user("B", "A"))
    sets = {("A",), ("B",), ("A", "B")}
    expected = {login_name(kind, each): each for kind in ("dashboard", "analyst") for each in sets}
    assert filtered_logins(git) == expected
    conditions = {each.login: each.condition for each in rules(git) if each.relation == "sales"}
    assert conditions == {
        login_name("dashboard", ["A"]): "((a = 1))",
        login_name("dashboard", ["B"]): "((b = 1))",
        login_name("dashboard", ["B", "A"]): "((a = 1)) and ((b = 1))",
    }


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ((), "((z or y))"),
        (("A",), "((a1) or (a2)) and ((a3)) and ((z or y))"),
        (("Boss",), None),
    ],
)
def test_conditions_combine_like_superset(roles: tuple, expected: str | None) -> None:
    filters = [
        row_filter("1", "a1", "A", group="g"),
        row_filter("2", "a2", "A", "B", group="g"),
        row_filter("3", "a3", "A"),
        row_filter("4", "z or y", "Boss", type="Base"),
    ]
    assert row_condition(filters, roles) == expected


def test_filter_on_sql_dataset_is_reported() -> None:
    git = bundle(dataset("sales", sql="select 1"), row_filter("a", "b", "A"))
    assert unenforced_filters(git) == ['row filter "a" on dataset "sales"']
