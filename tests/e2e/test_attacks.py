"""A stakeholder and an analyst with valid tokens cannot see or do more than their roles allow."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import count

import psycopg2
import pytest
import requests

from scripts.assets.access.readers import login_name
from scripts.assets.client.superset import Superset
from scripts.postgres_roles import set_logins
from scripts.stack import logins
from tests.access.attacks import EFFECTS, STATEMENTS, TEXT_AS_QUERY
from tests.e2e.projects import Project

CALL_LIST = "edf6b710-d34d-59eb-b79d-d76e348d59ef"  # reports.rpt_call_list
CHART = "6ced5de7-4a04-527c-bd97-9b421ad47c76"  # a chart on it, on the dashboard churn
SUMMARY = "affcb45f-063e-5dc8-baf9-4d9950dc80e1"  # reports.rpt_churn_summary
HEADLINE = "4addbb0a-d316-59b3-b212-0ac0dbcd63cb"  # a chart on it, on the dashboard churn
FRANCE = "Stakeholder France"
PASSWORD = "a password of a test"
TABLES = {"table": "reports.rpt_call_list", "hidden": "ml.model_versions"}
# What an answer shows where an attack succeeds: rows of other countries, hidden tables, secrets.
LEAKS = ("Germany", "Italy", "Spain", "spec_fingerprint", "SCRAM-SHA")


@dataclass
class Readers:
    """Users with valid tokens, and the ids that their requests name."""

    project: Project
    french: Superset
    analyst: Superset
    database: int
    dataset: int
    dashboard: int
    chart: int
    number = count()

    def chart_data(self, user: Superset, **query: object) -> requests.Response:
        """A chart's request for data, with this query."""
        form = {"slice_id": self.chart, "dashboardId": self.dashboard}
        body = {
            "datasource": {"id": self.dataset, "type": "table"},
            "queries": [{"columns": [], "metrics": [], "row_limit": 1000} | query],
            "form_data": form | {"datasource": f"{self.dataset}__table"},
            "force": True,
        }
        return user._send("POST", "chart/data", json=body)

    def metric(self, user: Superset, expression: str) -> requests.Response:
        """A chart's request for a metric that is SQL."""
        metric = {"expressionType": "SQL", "sqlExpression": expression, "label": "stolen"}
        return self.chart_data(user, metrics=[metric])

    def sql_lab(self, user: Superset, text: str) -> requests.Response:
        """Run a text in SQL Lab."""
        body = {"database_id": self.database, "sql": text, "schema": "marts"}
        body |= {"client_id": f"attack{next(self.number)}", "queryLimit": 1000}
        return user._send("POST", "sqllab/execute/", json=body)


def log_in(project: Project, name: str, password: str) -> Superset:
    """A client of this user; readers may not ask the API for a CSRF token, a page contains it."""
    settings = project.stack.settings
    login = {"SUPERSET_ADMIN_USER": name, "SUPERSET_ADMIN_PASSWORD": password}
    client = Superset(settings.model_copy(update={"extra_values": settings.extra_values | login}))
    page = client._session.get(f"{client.url}/login/", timeout=60).text
    token = re.search(r'csrf_token[^>]*value="([^"]+)"', page)
    assert token, "the login page has a token"
    client._session.headers.update({"X-CSRFToken": token[1], "Referer": client.url})
    client._csrf_done = True
    return client


@pytest.fixture(scope="module")
def readers(pushed: Project) -> Iterator[Readers]:
    admin, settings = pushed.superset, pushed.stack.settings
    roles = {row["name"]: row["id"] for row in admin.rows("security/roles", "id,name")}
    user = {"username": "françoise", "first_name": "F", "last_name": "F", "active": True}
    user |= {"email": "f@localhost", "password": PASSWORD}
    number = admin.create("security/users", user | {"roles": [roles["Stakeholder"], roles[FRANCE]]})
    dataset = admin.number("dataset", CALL_LIST)
    try:
        yield Readers(
            pushed,
            log_in(pushed, "françoise", PASSWORD),
            log_in(pushed, "analyst", settings.value("ANALYST_PASSWORD") or ""),
            admin.rows("database")[0]["id"],
            dataset,
            admin.number("dashboard", "churn"),
            admin.number("chart", CHART),
        )
    finally:
        admin.delete("security/users", number)


def leaks(answer: requests.Response) -> list[str]:
    """The secrets in the rows of an answer; an error repeats the query and has no rows."""
    return [word for word in LEAKS if word in answer.text] if answer.ok else []


def call_for_each(function, attacks: list[str]) -> dict[str, requests.Response]:
    with ThreadPoolExecutor(max_workers=6) as pool:
        return dict(zip(attacks, pool.map(function, attacks), strict=True))


def test_row_filter_applies_to_chart(readers: Readers) -> None:
    for metric, expected in (("min(country)", "France"), ("max(country)", "France")):
        answer = readers.metric(readers.french, metric)
        assert answer.json()["result"][0]["data"] == [{"stolen": expected}], answer.text
    # A sum over all countries would tell what the rows may not.
    superset = readers.project.superset
    ids = {
        "dataset": superset.number("dataset", SUMMARY),
        "chart": superset.number("chart", HEADLINE),
    }
    answer = replace(readers, **ids).chart_data(readers.french, columns=["country"])
    assert answer.json()["result"][0]["data"] == [{"country": "France"}], answer.text
    login = login_name("dashboard", [FRANCE])
    settings = readers.project.stack.settings
    with (
        closing(psycopg2.connect(**settings.dsn(login))) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("select distinct country from reports.rpt_call_list")
        assert cursor.fetchall() == [("France",)]


def test_metric_expression_has_no_effect(readers: Readers) -> None:
    attacks = [each.format(**TABLES) for each in TEXT_AS_QUERY + EFFECTS]
    responses = call_for_each(lambda each: readers.metric(readers.french, f"max({each})"), attacks)
    assert {each: leaks(answer) for each, answer in responses.items() if leaks(answer)} == {}
    effects = [each.format(**TABLES) for each in EFFECTS]
    values = {
        each: responses[each].json()["result"][0]["data"] for each in effects if responses[each].ok
    }
    assert {each: rows for each, rows in values.items() if rows != [{"stolen": None}]} == {}


@pytest.mark.parametrize(
    "query",
    [
        {"columns": [{"label": "a", "sqlExpression": "{attack}", "expressionType": "SQL"}]},
        {"columns": ["country"], "extras": {"where": "1 = 1) or (true", "having": ""}},
        {"columns": ["country"], "extras": {"where": "true) or 1 = 1 -- "}},
        {"columns": ["country"], "extras": {"where": "{attack} is null"}},
        {
            "columns": ["country"],
            "extras": {"where": "1=1) union select rolname from pg_roles -- "},
        },
        {"columns": ["country"], "orderby": [["{attack}", True]]},
        {"columns": ["country"], "applied_time_extras": {}, "is_rowcount": True},
        {
            "columns": ["country"],
            "filters": [{"col": "country", "op": "NOT IN", "val": ["France"]}],
        },
        {"columns": ["country"], "series_limit": 5, "series_columns": ["country"]},
        {"columns": ["country", "customer_name"], "result_type": "samples"},
        {"columns": ["country"], "datasource": {"id": 1, "type": "table"}},
    ],
)
def test_other_query_parts_show_nothing_more(readers: Readers, query: dict) -> None:
    attack = "query_to_xml('select * from reports.rpt_call_list', true, false, '')::text"

    def fill(value):
        if isinstance(value, dict):
            return {key: fill(each) for key, each in value.items()}
        if isinstance(value, list):
            return [fill(each) for each in value]
        return value.format(attack=attack) if isinstance(value, str) else value

    assert leaks(readers.chart_data(readers.french, **fill(query))) == []


def test_sql_lab_runs_only_single_select(readers: Readers) -> None:
    attacks = [each.format(**TABLES, login="analyst") for each in STATEMENTS]
    responses = call_for_each(lambda each: readers.sql_lab(readers.analyst, each), attacks)
    successes = [each for each, answer in responses.items() if answer.ok]
    # Superset runs the statements of a text one by one. Where each is a SELECT they may all run:
    # here the words that look like another statement are part of a string.
    assert [each for each in successes if not each.startswith("select E'\\'' || ")] == []
    attacks = [f"select {each.format(**TABLES)}" for each in EFFECTS]
    responses = call_for_each(lambda each: readers.sql_lab(readers.analyst, each), attacks)
    rows = {
        each: list(answer.json()["data"][0].values())
        for each, answer in responses.items()
        if answer.ok
    }
    assert {each: values for each, values in rows.items() if values != [None]} == {}
    hidden_tables = [
        f"select * from {each}" for each in ("ml.artifacts", "features.feat_customer__rfm")
    ]
    assert not any(readers.sql_lab(readers.analyst, each).ok for each in hidden_tables)


def test_stakeholder_has_no_access_to_queries(readers: Readers) -> None:
    french, database, dataset = readers.french, readers.database, readers.dataset
    sql = "select customer_name, country from reports.rpt_call_list"
    requests_ = [
        readers.sql_lab(french, sql),
        french._send("POST", f"database/{database}/validate_sql/", json={"sql": sql}),
        french._send("POST", "sqllab/estimate/", json={"database_id": database, "sql": sql}),
        french._send("POST", "sqllab/format_sql/", json={"sql": sql}),
        french._send("GET", f"datasource/table/{dataset}/column/country/values/"),
        french._send("GET", f"database/{database}/table/rpt_call_list/reports/"),
        french._send("GET", f"database/{database}/select_star/rpt_call_list/reports/"),
        french._send("GET", f"dataset/{dataset}/samples"),
        french._send("GET", f"explore/?datasource_id={dataset}&datasource_type=table"),
        french._send(
            "POST", "dataset/", json={"database": database, "table_name": "x", "sql": sql}
        ),
        french._send("PUT", f"dataset/{dataset}", json={"sql": sql}),
        french._send("GET", "rowlevelsecurity/"),
        french._send("GET", "security/users/"),
        french._send("GET", f"database/{database}/connection"),
    ]
    assert [leaks(answer) for answer in requests_ if leaks(answer)] == []
    assert readers.project.stack.settings.dashboard_password not in "".join(
        answer.text for answer in requests_
    )


def test_settings_and_passwords_are_unchanged(readers: Readers) -> None:
    settings = readers.project.stack.settings
    assert logins.part(settings, has_superset=True).healthy
    answer = readers.sql_lab(readers.analyst, "select count(*) as n from marts.dim_customers")
    assert answer.json()["data"][0]["n"] > 0
    status = readers.project.command("status").stdout
    assert "every password of .env is accepted" in status


def test_changed_password_is_reported_by_status_and_reset_by_up(readers: Readers) -> None:
    project = readers.project
    settings, admin = project.stack.settings, project.superset
    login = login_name("dashboard", [FRANCE])
    numbers = {row["username"]: row["id"] for row in admin.rows("security/users", "id,username")}
    admin.change("security/users", numbers[settings.superset_admin_user], {"password": "other"})
    with (
        closing(psycopg2.connect(**settings.dsn("postgres", "postgres"))) as connection,
        connection,
    ):
        set_logins(connection, {"dashboard": "other", login: "other"})
    try:
        status = project.command("status")
        status_code = readers.metric(readers.french, "max(country)").status_code
    finally:
        project.run("up")
    assert status.returncode == 1
    names = f"dashboard, {login}, Superset's administrator {settings.superset_admin_user}"
    assert names in status.stdout
    assert "make up" in status.stdout
    assert status_code >= 400
    assert project.command("status").returncode == 0
    assert readers.metric(readers.french, "max(country)").ok


def test_login_attempts_are_limited(readers: Readers) -> None:
    """Upper case and the address of the same account count together; others can still log in."""
    settings = readers.project.stack.settings
    url = f"{settings.local_superset_url}/api/v1/security/login"
    names = ("françoise", "FRANÇOISE", "f@localhost")

    def log_in_as(name: str, password: str) -> int:
        body = {"username": name, "password": password, "provider": "db"}
        return requests.post(url, json=body, timeout=60).status_code

    # Each of the two web processes counts and allows ten. They share the requests by chance, so
    # many more than twenty are needed before both have refused.
    guesses = [log_in_as(names[guess % 3], f"guess {guess}") for guess in range(80)]
    assert guesses.count(401) <= 20
    assert guesses[-20:] == [429] * 20
    assert log_in_as("françoise", PASSWORD) == 429
    assert log_in_as("admin", settings.superset_admin_password) == 200
