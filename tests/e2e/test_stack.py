"""make up, down, status, reset, psql, load: from nothing, again, killed, and with bad input."""

import re
import socket
import stat
import time
from pathlib import Path

import psycopg2
import pytest
import requests

from tests.e2e.backups import checksums, survives
from tests.e2e.conftest import Clone
from tests.e2e.parts import SERVED, identities, kill, left_behind, left_running

SECRETS = (
    "superset_admin_password",
    "postgres_password",
    "transformer_password",
    "dashboard_password",
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


def error_of(done) -> str:
    """The one line a failed command says."""
    assert done.returncode != 0, done.stdout
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
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


def test_the_first_up_ends_with_address_user_and_where_the_password_is(stack: Clone) -> None:
    said = stack.first_up.stdout
    assert stack.settings.superset_url in said
    assert "SUPERSET_ADMIN_PASSWORD in .env" in said
    assert re.search(r"✓ Starting PostgreSQL +\d+\.\d s", said)
    assert "✗" not in said


def test_the_second_up_has_nothing_to_do(stack: Clone) -> None:
    before = identities(stack)
    done = stack.make("up")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("up to date") >= 3
    assert identities(stack) == before


def test_status_has_a_line_for_each_part(stack: Clone) -> None:
    done = stack.make("status")
    assert done.returncode == 0, done.stdout
    for part in ("PostgreSQL", "Superset", "Models", "Dashboards"):
        assert re.search(rf"✓ {part}", done.stdout)


def test_psql_reads_standard_input_as_transformer(stack: Clone) -> None:
    done = stack.make(
        "psql", input="\\pset tuples_only\nselect current_user, count(*) from csv.breast_cancer"
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"transformer +\| +569", done.stdout)
    failed = stack.make("psql", input="select no_such_column;\nselect 'went on';")
    assert failed.returncode != 0
    assert "went on" not in failed.stdout


def test_logs_show_every_part(stack: Clone) -> None:
    done = stack.make("logs")
    assert done.returncode == 0
    for part in ("postgres", "superset", "dbt"):
        assert f"{part}.log" in done.stdout
    assert "choose one of" in error_of(stack.run("logs", "kitchen"))


def test_secrets_are_nowhere_to_be_seen(stack: Clone) -> None:
    settings = stack.settings
    secrets = [getattr(settings, name) for name in SECRETS]
    assert stat.S_IMODE((stack.root / ".env").stat().st_mode) == 0o600
    texts = [stack.first_up.stdout, stack.first_up.stderr, *left_running(stack).values()]
    texts += [path.read_text(errors="replace") for path in settings.state.glob("logs/*")]
    texts += [path.read_text(errors="replace") for path in settings.state.glob("dbt/**/*.log")]
    assert not [secret for secret in secrets for text in texts if secret in text]


def test_everything_listens_on_the_machine_itself_alone(stack: Clone) -> None:
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


def test_superset_starts_without_a_warning_and_with_a_policy(stack: Clone) -> None:
    assert "WARNING" not in stack.first_words
    policy = requests.get(f"{stack.settings.superset_url}/login/", timeout=30).headers[
        "Content-Security-Policy"
    ]
    assert "default-src 'self'" in policy
    assert "http" not in policy.replace("https:", "")


def test_charts_are_asked_again_after_a_build_of_some_nodes(stack: Clone) -> None:
    said = len(stack.superset_words())
    for words in (["build", "SELECT=rpt_class_balance"], ["check"], ["check"], ["status"]):
        done = stack.make(*words)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in stack.superset_words()[said:]


# --- data of one's own --------------------------------------------------------------------------


def test_a_file_is_loaded_and_a_torn_one_is_not(stack: Clone, tmp_path: Path) -> None:
    good, torn = tmp_path / "My Orders.csv", tmp_path / "torn.csv"
    good.write_text("order;when;amount\n007;2026-01-02;1.5\n")
    torn.write_text("a,b\n1,2\n3\n")
    done = stack.make("load", f"CSV={good}", "NAME=orders", "SCHEMA=e2e")
    assert done.returncode == 0, done.stderr
    assert ask(stack, 'select "order", "when"::text, amount from e2e.orders') == [
        ("007", "2026-01-02", 1.5)
    ]
    assert "torn.csv, line 3" in error_of(stack.make("load", f"CSV={torn}", "SCHEMA=e2e"))
    assert ask(stack, "select to_regclass('e2e.torn')") == [(None,)]
    assert "There is no file" in error_of(stack.make("load", "CSV=nowhere.csv"))
    ask(stack, "drop schema e2e cascade")


# --- a second stack beside the first: stopped, killed, reset ------------------------------------


def test_the_shop_lives_on_and_refresh_follows(other_stack: Clone) -> None:
    # The rows that are there are not dropped for others unasked.
    refused = other_stack.make("load-shop", "SEED=2")
    assert refused.returncode != 0 and "YES=1" in refused.stderr
    lived = other_stack.make("live", "DAYS=2", "SECONDS=0")
    assert lived.returncode == 0, lived.stdout + lived.stderr
    assert (
        len(re.findall(r"^\w{3} \d\d \w{3} \d{4} .* orders .* changed$", lived.stdout, re.M)) == 2
    )
    changed = "files or data have changed since"
    assert changed in other_stack.make("status").stdout
    ((mark, last_built),) = ask(
        other_stack,
        "select pg_current_xact_id()::text::bigint, max(known_at) from vault.sat_order__status",
    )
    done = other_stack.make("refresh")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Building what depends on shop" in done.stdout
    # The lines with news are written anew, and no other.
    ((written, with_news),) = ask(
        other_stack,
        f"""
        select
            (select count(*) from marts.fct_order_lines where xmin::text::bigint > {mark}),
            (
                select count(*) from shop.order_items as items join shop.orders using (order_id)
                where greatest(items.updated_at, orders.updated_at) at time zone 'UTC'
                    > '{last_built}'
            )
        """,
    )
    assert 0 < written == with_news
    assert changed not in other_stack.make("status").stdout
    assert "up to date" in other_stack.make("refresh").stdout


def test_two_stacks_run_at_the_same_time(stack: Clone, other_stack: Clone) -> None:
    for clone in (stack, other_stack):
        assert clone.make("status").returncode == 0
    assert stack.settings.postgres_port != other_stack.settings.postgres_port
    assert logs_in(other_stack, other_stack.settings.superset_admin_password)
    assert not logs_in(other_stack, stack.settings.superset_admin_password)


def test_down_leaves_no_process_and_up_finds_the_data(other_stack: Clone) -> None:
    ask(other_stack, "create table marts.kept as select 42 as answer")
    before = checksums(other_stack)
    assert other_stack.make("down").returncode == 0
    assert left_running(other_stack) == {}
    assert other_stack.run("status").returncode == 1
    assert "make up" in error_of(other_stack.make("psql"))
    done = other_stack.make("up")
    assert done.returncode == 0, done.stderr
    assert ask(other_stack, "select answer from marts.kept") == [(42,)]
    assert checksums(other_stack) == before
    assert other_stack.make("status").returncode == 0
    ask(other_stack, "drop table marts.kept")


@pytest.mark.parametrize("part", SERVED)
def test_a_killed_part_comes_back(other_stack: Clone, part: str) -> None:
    kill(other_stack, part)
    done = other_stack.make("up")
    assert done.returncode == 0, done.stdout + done.stderr
    assert other_stack.make("status").returncode == 0


def test_an_up_that_was_killed_twice_does_no_harm(other_stack: Clone) -> None:
    other_stack.make("down")
    (other_stack.settings.state / "stamps" / "build").unlink(missing_ok=True)
    (other_stack.settings.state / "stamps" / "superset").unlink(missing_ok=True)
    for seconds in (2, 12):
        up = other_stack.popen("up")
        time.sleep(seconds)
        up.kill()
        up.wait()
    done = other_stack.make("up")
    assert done.returncode == 0, done.stdout + done.stderr
    assert other_stack.make("status").returncode == 0


def test_new_passwords_and_another_port_are_followed(other_stack: Clone) -> None:
    file = other_stack.root / ".env"
    old = other_stack.settings
    text = file.read_text()
    for name in SECRETS:
        text = text.replace(getattr(old, name), f"new-{getattr(old, name)}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    file.write_text(text.replace(str(old.postgres_port), str(port)))
    done = other_stack.make("up")
    assert done.returncode == 0, done.stdout + done.stderr
    assert other_stack.make("status").returncode == 0
    assert logs_in(other_stack, f"new-{old.superset_admin_password}")
    assert not logs_in(other_stack, old.superset_admin_password)
    # Superset's own connection follows too: every chart still has its rows.
    done = other_stack.make("check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_port_in_use_is_refused_before_anything_is_started(other_stack: Clone) -> None:
    other_stack.make("down")
    for key in ("POSTGRES_PORT", "SUPERSET_PORT"):
        with socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", getattr(other_stack.settings, key.lower())))
            taken.listen()
            message = error_of(other_stack.make("up"))
        assert f"({key} in .env) is in use" in message
        assert left_running(other_stack) == {}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (r"MODE=\w+", "MODE=podman", 'MODE cannot be "podman"'),
        (r"MODE=\w+", "MODE auto", "line 11: this is not KEY=value"),
        (r"SUPERSET_PORT=\d+", "SUPERSET_PORT=x", 'line 8: SUPERSET_PORT cannot be "x"'),
    ],
)
def test_a_broken_env_is_named(other_stack: Clone, old: str, new: str, message: str) -> None:
    file = other_stack.root / ".env"
    text = file.read_text()
    try:
        file.write_text(re.sub(old, new, text))
        for verb in ("up", "status", "build"):
            assert message in error_of(other_stack.make(verb))
    finally:
        file.write_text(text)


def test_a_missing_file_is_named(other_stack: Clone) -> None:
    folder = other_stack.root / "udf" / "registry"
    aside = folder.rename(folder.with_name("registry_aside"))
    try:
        assert "registry is missing" in error_of(other_stack.make("up"))
    finally:
        aside.rename(folder)


def test_a_backup_brings_an_empty_stack_to_what_it_was(other_stack: Clone) -> None:
    survives(other_stack)


def test_reset_asks_and_then_leaves_nothing(other_stack: Clone) -> None:
    settings = other_stack.settings
    assert "YES=1 make reset" in error_of(other_stack.make("reset"))
    assert (settings.state / "stamps").exists()
    assert other_stack.make("reset", env={"YES": "1"}).returncode == 0
    assert left_running(other_stack) == {}
    assert left_behind(other_stack) == []
    left = {path.name for path in settings.state.iterdir()}
    assert left <= {"venv", "venv.lock", "uv", "uv.lock", "glasshouse.lock"}
