"""A stack that is stopped, killed, reconfigured, restored from a backup and reset.

It is not the one that the other tests share, and has a process of its own.
"""

import re
import socket
import time
from collections.abc import Iterator

import pytest

from tests.e2e.backups import (
    BACKUP,
    Content,
    back_up,
    charts_without_rows,
    checksums,
    is_restored,
)
from tests.e2e.clone import Clone, copy_of_the_project, running_clone
from tests.e2e.parts import SERVED, kill, remaining_processes, remaining_resources
from tests.e2e.test_stack import SECRETS, ask, error_of, logs_in


@pytest.fixture(scope="module")
def other_stack() -> Iterator[Clone]:
    """One that may be stopped, broken and killed."""
    yield from running_clone(built=True, few_dashboards=True)


def test_simulated_day_and_refresh(other_stack: Clone) -> None:
    # The rows that are there are not dropped for others unasked.
    refusal = other_stack.make("load-shop", "SEED=2")
    assert refusal.returncode != 0 and "YES=1" in refusal.stderr
    simulation = other_stack.make("live", "DAYS=2", "SECONDS=0")
    assert simulation.returncode == 0, simulation.stdout + simulation.stderr
    assert (
        len(re.findall(r"^\w{3} \d\d \w{3} \d{4} .* orders .* changed$", simulation.stdout, re.M))
        == 2
    )
    message = "files or data have changed since"
    assert message in other_stack.make("status").stdout
    ((mark, last_built),) = ask(
        other_stack,
        "select pg_current_xact_id()::text::bigint, max(valid_from) from vault.sat_order__status",
    )
    result = other_stack.make("refresh")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Building what depends on shop" in result.stdout
    # The lines with news are written anew, and no other.
    ((written_count, with_news),) = ask(
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
    assert 0 < written_count == with_news
    assert message not in other_stack.make("status").stdout
    assert "up to date" in other_stack.make("refresh").stdout


def test_down_ends_all_processes_and_up_keeps_data(other_stack: Clone) -> None:
    ask(other_stack, "create table marts.kept as select 42 as answer")
    before = checksums(other_stack)
    assert other_stack.make("down").returncode == 0
    assert remaining_processes(other_stack) == {}
    assert other_stack.run("status").returncode == 1
    assert "make up" in error_of(other_stack.make("psql"))
    result = other_stack.make("up")
    assert result.returncode == 0, result.stderr
    assert ask(other_stack, "select answer from marts.kept") == [(42,)]
    assert checksums(other_stack) == before
    assert other_stack.make("status").returncode == 0
    ask(other_stack, "drop table marts.kept")


@pytest.mark.parametrize("part", SERVED)
def test_killed_part_restarts(other_stack: Clone, part: str) -> None:
    kill(other_stack, part)
    result = other_stack.make("up")
    assert result.returncode == 0, result.stdout + result.stderr
    assert other_stack.make("status").returncode == 0


# Superset is prepared, or everything is built, from nothing.
@pytest.mark.slow
@pytest.mark.parametrize(("stamp", "seconds"), [("superset", (2, 7)), ("build", (2, 12))])
def test_up_completes_after_two_kills(
    other_stack: Clone, stamp: str, seconds: tuple[int, int]
) -> None:
    other_stack.make("down")
    (other_stack.settings.state / "stamps" / stamp).unlink(missing_ok=True)
    for delay in seconds:
        up = other_stack.popen("up")
        time.sleep(delay)
        up.kill()
        up.wait()
    result = other_stack.make("up")
    assert result.returncode == 0, result.stdout + result.stderr
    assert other_stack.make("status").returncode == 0


def test_changed_passwords_and_port_are_applied(other_stack: Clone) -> None:
    file = other_stack.root / ".env"
    old = other_stack.settings
    text = file.read_text()
    for name in SECRETS:
        text = text.replace(getattr(old, name), f"new-{getattr(old, name)}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    file.write_text(text.replace(str(old.postgres_port), str(port)))
    result = other_stack.make("up")
    assert result.returncode == 0, result.stdout + result.stderr
    assert other_stack.make("status").returncode == 0
    assert logs_in(other_stack, f"new-{old.superset_admin_password}")
    assert not logs_in(other_stack, old.superset_admin_password)
    # Superset's own connection follows too.
    assert charts_without_rows(other_stack, limit=3) == []


def test_port_in_use_is_error_before_start(other_stack: Clone) -> None:
    other_stack.make("down")
    for key in ("POSTGRES_PORT", "SUPERSET_PORT"):
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", getattr(other_stack.settings, key.lower())))
            listener.listen()
            message = error_of(other_stack.make("up"))
        assert f"({key} in .env) is in use" in message
        assert remaining_processes(other_stack) == {}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (r"MODE=\w+", "MODE=podman", 'MODE cannot be "podman"'),
        (r"MODE=\w+", "MODE auto", "line 12: this is not KEY=value"),
        (r"SUPERSET_PORT=\d+", "SUPERSET_PORT=x", 'line 8: SUPERSET_PORT cannot be "x"'),
    ],
)
def test_invalid_env_is_error(other_stack: Clone, old: str, new: str, message: str) -> None:
    file = other_stack.root / ".env"
    text = file.read_text()
    try:
        file.write_text(re.sub(old, new, text))
        for verb in ("up", "status", "build"):
            assert message in error_of(other_stack.make(verb))
    finally:
        file.write_text(text)


@pytest.fixture(scope="module")
def backup_content(other_stack: Clone) -> Content:
    """What the backup in BACKUP contains."""
    return back_up(other_stack)


# A second stack of its own. In the ordinary run test_engine_registry_backup.py restores a database
# and its models.
@pytest.mark.slow
def test_restored_copy_runs_beside_original(other_stack: Clone, backup_content: Content) -> None:
    """Two stacks at the same time, the second restored from the backup of the first."""
    copy = copy_of_the_project(few_dashboards=True)
    try:
        result = copy.first("restore", f"FROM={other_stack.root / BACKUP}")
        assert result.returncode == 0, result.stdout + result.stderr
        one, two = other_stack.settings, copy.settings
        assert one.postgres_port != two.postgres_port
        assert one.superset_admin_password != two.superset_admin_password
        assert one.superset_secret_key != two.superset_secret_key
        is_restored(copy, backup_content)
        for clone, other in ((other_stack, copy), (copy, other_stack)):
            assert clone.make("status").returncode == 0
            assert logs_in(clone, clone.settings.superset_admin_password)
            assert not logs_in(clone, other.settings.superset_admin_password)
        # The key that signed the models came with the backup.
        query = "select * from features.feat_tumour__measurements limit 5"
        assert ask(copy, f"select count(*) from ml.predict('breast_cancer', '{query}')") == [(5,)]
        # What happens to the one does not happen to the other.
        assert copy.make("reset", env={"YES": "1"}).returncode == 0
        assert other_stack.make("status").returncode == 0
    finally:
        copy.remove()


@pytest.mark.slow
def test_restore_fills_empty_stack(other_stack: Clone, backup_content: Content) -> None:
    assert other_stack.make("reset", env={"YES": "1"}).returncode == 0
    env = other_stack.root / ".env"
    env.write_text(re.sub(r"(?m)^SUPERSET_SECRET_KEY=.*", "SUPERSET_SECRET_KEY=n", env.read_text()))
    result = other_stack.make("restore", f"FROM={BACKUP}")
    assert result.returncode == 0, result.stdout + result.stderr
    is_restored(other_stack, backup_content)


def test_missing_file_is_error(other_stack: Clone) -> None:
    folder = other_stack.root / "udf" / "registry"
    # No test after this one needs what was built: the next `make up` would build it again.
    aside = folder.rename(folder.with_name("registry_aside"))
    try:
        assert "/udf/registry/" in error_of(other_stack.make("up"))
    finally:
        aside.rename(folder)


def test_reset_needs_confirmation_and_removes_everything(other_stack: Clone) -> None:
    settings = other_stack.settings
    assert "YES=1 make reset" in error_of(other_stack.make("reset"))
    assert (settings.state / "stamps").exists()
    assert other_stack.make("reset", env={"YES": "1"}).returncode == 0
    assert remaining_processes(other_stack) == {}
    assert remaining_resources(other_stack) == []
    file_names = {path.name for path in settings.state.iterdir()}
    assert file_names <= {"venv", "venv.lock", "uv", "uv.lock", "glasshouse.lock", "refresh.lock"}
