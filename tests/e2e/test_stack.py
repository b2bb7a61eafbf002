"""make up, down, status, psql, logs and load: first run, second run, and bad input."""

import re
import stat
from pathlib import Path

import psycopg2
import pytest
import requests

from tests.e2e.clone import Clone
from tests.e2e.parts import identities, remaining_processes

SECRETS = (
    "superset_admin_password",
    "postgres_password",
    "transformer_password",
    "dashboard_password",
    "analyst_db_password",
    "row_filter_password",
    "superset_db_password",
    "superset_secret_key",
)


def ask(clone: Clone, text: str, role: str = "transformer") -> list[tuple]:
    connection = psycopg2.connect(**clone.settings.dsn(role))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(text)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def error_of(result) -> str:
    """The one line a failed command says."""
    assert result.returncode != 0, result.stdout
    errors = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1, result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    assert " Do: " in errors[0]
    return errors[0]


def logs_in(clone: Clone, password: str) -> bool:
    answer = requests.post(
        f"{clone.settings.superset_url}/api/v1/security/login",
        json={
            "username": clone.settings.superset_admin_user,
            "password": password,
            "provider": "db",
        },
        timeout=30,
    )
    return answer.status_code == 200


# --- from nothing, and again --------------------------------------------------------------------


def test_first_up_prints_address_user_and_password_location(stack: Clone) -> None:
    output = stack.first_up.stdout
    assert stack.settings.superset_url in output
    assert "SUPERSET_ADMIN_PASSWORD in .env" in output
    assert re.search(r"✓ Starting PostgreSQL +\d+\.\d s", output)
    assert "✗" not in output


def test_second_up_changes_nothing(stack: Clone) -> None:
    before = identities(stack)
    result = stack.make("up")
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("up to date") >= 3
    assert identities(stack) == before


def test_status_lists_all_parts(stack: Clone) -> None:
    result = stack.make("status")
    assert result.returncode == 0, result.stdout
    for part in ("PostgreSQL", "Superset", "Models", "Dashboards"):
        assert re.search(rf"✓ {part}", result.stdout)
    assert "have changed since" not in result.stdout


def test_psql_reads_standard_input_as_transformer(stack: Clone) -> None:
    result = stack.make(
        "psql", input="\\pset tuples_only\nselect current_user, count(*) from csv.breast_cancer"
    )
    assert result.returncode == 0, result.stderr
    assert re.search(r"transformer +\| +569", result.stdout)
    failed = stack.make("psql", input="select no_such_column;\nselect 'went on';")
    assert failed.returncode != 0
    assert "went on" not in failed.stdout


def test_logs_show_all_parts(stack: Clone) -> None:
    result = stack.make("logs")
    assert result.returncode == 0
    for part in ("postgres", "superset", "dbt"):
        assert f"{part}.log" in result.stdout
    assert "choose one of" in error_of(stack.run("logs", "kitchen"))


def test_secrets_are_not_exposed(stack: Clone) -> None:
    settings = stack.settings
    secrets = [getattr(settings, name) for name in SECRETS]
    assert stat.S_IMODE((stack.root / ".env").stat().st_mode) == 0o600
    texts = [stack.first_up.stdout, stack.first_up.stderr, *remaining_processes(stack).values()]
    texts += [path.read_text(errors="replace") for path in settings.state.glob("logs/*")]
    texts += [path.read_text(errors="replace") for path in settings.state.glob("dbt/**/*.log")]
    assert not [secret for secret in secrets for text in texts if secret in text]


def test_servers_listen_on_localhost_only(stack: Clone) -> None:
    ports = {stack.settings.postgres_port, stack.settings.superset_port}
    listening = [
        line.split()[1]
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
        if line.split()[3] == "0A"
    ]
    addresses = {
        entry.split(":")[0] for entry in listening if int(entry.split(":")[1], 16) in ports
    }
    assert addresses == {"0100007F"}


def test_superset_starts_without_warnings_and_with_content_policy(stack: Clone) -> None:
    assert "WARNING" not in stack.first_words
    policy = requests.get(f"{stack.settings.superset_url}/login/", timeout=30).headers[
        "Content-Security-Policy"
    ]
    assert "default-src 'self'" in policy
    assert "http" not in policy.replace("https:", "")


# It runs the queries of all charts once more after a build.
@pytest.mark.slow
def test_partial_build_leaves_charts_with_rows(stack: Clone) -> None:
    log_length = len(stack.superset_words())
    for words in (["build", "SELECT=rpt_class_balance"], ["status"]):
        result = stack.make(*words)
        assert result.returncode == 0, result.stdout + result.stderr
    result = stack.make("check")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "No problems" in result.stdout
    assert re.search(r"\d+ rows, \d+ ms", result.stdout)
    assert "Traceback" not in stack.superset_words()[log_length:]


# --- data of one's own --------------------------------------------------------------------------


def test_valid_file_is_loaded_and_truncated_file_refused(stack: Clone, tmp_path: Path) -> None:
    complete_file, truncated_file = tmp_path / "My Orders.csv", tmp_path / "torn.csv"
    complete_file.write_text("order;when;amount\n007;2026-01-02;1.5\n")
    truncated_file.write_text("a,b\n1,2\n3\n")
    result = stack.make("load", f"CSV={complete_file}", "NAME=orders", "SCHEMA=e2e")
    assert result.returncode == 0, result.stderr
    assert ask(stack, 'select "order", "when"::text, amount from e2e.orders') == [
        ("007", "2026-01-02", 1.5)
    ]
    assert "torn.csv, line 3" in error_of(stack.make("load", f"CSV={truncated_file}", "SCHEMA=e2e"))
    assert ask(stack, "select to_regclass('e2e.torn')") == [(None,)]
    assert "There is no file" in error_of(stack.make("load", "CSV=nowhere.csv"))
    ask(stack, "drop schema e2e cascade")


def test_table_becomes_model_and_is_removed(stack: Clone, tmp_path: Path) -> None:
    file = tmp_path / "visits.csv"
    rows = [
        f"{n},{n % 7},{'town' if n % 3 else 'village'},{n % 2 ^ (n % 7 > 5)}" for n in range(300)
    ]
    file.write_text("\n".join(["visit_id,items,place,returned", *rows]) + "\n")
    addition = stack.make("add", f"CSV={file}", "TARGET=returned", "OWNER=Ada", "DROP=place")
    assert addition.returncode == 0, addition.stdout + addition.stderr
    assert "visit_id: it has a different value in every row" in addition.stdout
    assert "place: you named it in DROP" in addition.stdout
    assert "/superset/dashboard/model/?native_filters=" in addition.stdout
    models = stack.root / "dbt" / "models"
    assert len(list(models.rglob("*visits*"))) == 11
    for table in ("predictions.pred_visits", "reports.rpt_predictions where model = 'visits'"):
        answer = stack.make("psql", input=f"select count(*) from {table}")
        assert "300" in answer.stdout.split(), table
    error = error_of(stack.make("submission", "NAME=visits"))
    assert "no row without a value in returned" in error
    removal = stack.make("remove", "NAME=visits", env={"YES": "1"})
    assert removal.returncode == 0, removal.stdout + removal.stderr
    assert list(models.rglob("*visits*")) == []
    query = """select exists (select from ml.model_versions where model = 'visits'),
        to_regclass('csv.visits') is null as gone"""
    assert stack.make("psql", input=query).stdout.split()[-5:-1] == ["f", "|", "t", "(1"]
