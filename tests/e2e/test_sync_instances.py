"""Push and pull on a second instance, in another environment, and with a killed server."""

import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psycopg2
import pytest
import yaml

from scripts.assets.checks.charts import run_queries
from scripts.assets.client import preset
from scripts.assets.client.superset import Superset
from scripts.assets.sync.server_assets import server_bundle
from scripts.assets.sync.state import read_git
from scripts.environments import OVERLAYS
from tests.e2e.second_superset import SecondSuperset

SCHEMAS = ("reports", "predictions", "marts")


@pytest.fixture(scope="module")
def second_superset(stack) -> Iterator[SecondSuperset]:
    """A fresh second Superset."""
    with tempfile.TemporaryDirectory(prefix="glasshouse-second-") as state:
        server = SecondSuperset(stack.settings, Path(state))
        try:
            server.create()
            yield server
        finally:
            server.stop()


def overlay(project, name: str, **values: str) -> dict[str, str]:
    """Add an environment to the clone; what has to stand in a command's environment for it."""
    file = project.stack.root / OVERLAYS / f"{name}.yml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(yaml.safe_dump(values), encoding="utf-8")
    return {"ENV": name}


def settings_of(project, server: SecondSuperset, **more: str):
    settings = project.stack.settings
    more = settings.extra_values | server.addresses | more
    return settings.model_copy(update={"extra_values": more})


def test_push_then_pull_on_second_instance_has_no_difference(project, second_superset):
    env = overlay(project, "second", **second_superset.addresses)
    before = project.files()
    output = project.run("push", **env)
    assert re.search(r"created \d+ charts", output)
    assert 'created role "Stakeholder"' in output
    assert "Nothing to do" in project.run("pull", **env)
    assert "No difference" in project.run("plan", **env)
    assert project.files() == before
    # One command for both: each has its own line, and one that fails does not stop the other.
    overlay(project, "first")
    overlay(project, "nowhere", SUPERSET_URL="http://127.0.0.1:9")
    project.run("push", "--force", ENV="first")
    output = project.run("plan", ENV="first,second")
    assert "first: no difference\nsecond: no difference" in output
    result = project.command("push", ENV="nowhere,second")
    assert result.returncode == 1
    assert "second: no difference" in result.stdout
    assert "nowhere: Error: Superset does not answer" in result.stderr
    its = settings_of(project, second_superset)
    other = Superset(its)
    _, data = project.chart()
    assert other.number("chart", data["uuid"]) > 500
    # As git sees it: what the editor drops when a chart is saved in the browser is no difference.
    settings = project.stack.settings
    git = read_git(settings)
    here = server_bundle(project.superset.export(), settings, git)
    there = server_bundle(other.export(), its, git)
    assert {a.uuid: a.data for a in here} == {a.uuid: a.data for a in there}


@pytest.fixture
def schemas_of_ada(stack) -> Iterator[None]:
    """What dbt builds for a developer called ada: the same relations below another name."""
    warehouse = stack.settings.dsn("postgres")
    execute(warehouse, COPY_SCHEMAS)
    yield
    execute(warehouse, f"drop schema {', '.join(f'ada_{name}' for name in SCHEMAS)} cascade")


def execute(dsn: dict, script: str) -> None:
    """Run SQL as the superuser."""
    connection = psycopg2.connect(**dsn)
    with closing(connection), connection, connection.cursor() as cursor:
        cursor.execute(script)


# The test above has a second environment, and unit tests have the values of placeholders.
@pytest.mark.slow
def test_environment_with_other_prefix_and_certificate(project, second_superset, schemas_of_ada):
    dashboard = project.folder / "dashboards" / "quality_classification.yaml"
    project.edit(dashboard, certified_by="${CERTIFIED_BY}")
    more = {"SCHEMA_PREFIX": "ada_", "CERTIFIED_BY": "Ada"}
    # Whoever pushed before pushed for another environment.
    project.run("push", "--force", **overlay(project, "second", **second_superset.addresses))
    env = overlay(project, "ada", **second_superset.addresses, **more)
    before = project.files()
    assert "no push from here is known" in project.fails("push", **env)
    project.run("push", "--force", **env)
    assert "No difference" in project.run("plan", **env)
    assert "Nothing to do" in project.run("pull", **env)
    assert project.files() == before
    settings = settings_of(project, second_superset, **more)
    superset = Superset(settings)
    exported_data = [yaml.safe_load(text) for text in superset.export().values()]
    schemas = {data["schema"] for data in exported_data if "table_name" in data}
    assert schemas == {"ada_reports"}
    certifiers = {d["slug"]: d["certified_by"] for d in exported_data if d.get("certified_by")}
    assert certifiers == {"quality_classification": "Ada"}
    role = next(
        r["id"] for r in superset.rows("security/roles", "id,name") if r["name"] == "Analyst"
    )
    permissions = {row["view_menu_name"] for row in superset.role_permissions(role)}
    assert {
        "[warehouse].[warehouse].[ada_marts]",
        "[warehouse].[warehouse].[ada_predictions]",
    } <= permissions
    assert not any("[predictions]" in name for name in permissions)
    results = run_queries(read_git(settings), superset)
    assert [answer.error for answer in results if answer.error] == []
    # Without a certificate of its own, this installation shows none and no difference either.
    project.run("push")
    assert "No difference" in project.run("plan")


COPY_SCHEMAS = "do $$ declare each record; begin " + (
    " ".join(
        f"create schema if not exists ada_{name}; grant usage on schema ada_{name} to dashboard;"
        for name in SCHEMAS
    )
    + """
  for each in
    select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('reports', 'predictions', 'marts') and c.relkind in ('r', 'v')
  loop
    execute format('create view ada_%I.%I as select * from %I.%I',
                   each.nspname, each.relname, each.nspname, each.relname);
    execute format('grant select on ada_%I.%I to dashboard', each.nspname, each.relname);
  end loop;
end $$"""
)


# test_kills.py ends pushes at random points.
@pytest.mark.slow
def test_server_killed_during_push_leaves_no_partial_state(project, second_superset):
    env = overlay(project, "second", **second_superset.addresses)
    project.run("push", "--force", **env)
    for file in sorted((project.folder / "charts").rglob("*.yaml")):
        project_data = yaml.safe_load(file.read_text(encoding="utf-8"))
        project_data["description"] = f"{project_data.get('description', '')} Again."
        file.write_text(yaml.safe_dump(project_data, sort_keys=False, allow_unicode=True))
    project.run("format-assets")
    push = project.stack.popen("push", env=env, stderr=subprocess.PIPE)
    while not is_importing(second_superset.url):
        assert push.poll() is None, push.stderr.read()
        time.sleep(0.01)
    second_superset.kill()
    error = push.communicate(timeout=120)[1]
    assert push.returncode == 1
    assert "Traceback" not in error
    (line,) = [line for line in error.splitlines() if line.startswith("Error: ")]
    assert "the state of Superset is unknown" in line
    assert "make up" in line or "make plan" in line
    second_superset.start()
    plan = project.command("plan", **env)
    assert plan.returncode in (0, 2)
    charts = len(list((project.folder / "charts").rglob("*.yaml")))
    assert plan.returncode == 0 or f"{charts} to update" in plan.stdout, "all of it, or nothing"
    project.run("push", **env)
    assert "No difference" in project.run("plan", **env)


def is_importing(url: str) -> bool:
    """Whether preset-cli was given what to import into this server, which no other one is told of.

    Asked of /proc: what `ps` prints is cut to the width that COLUMNS names.
    """
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
            if url in words and any(word.endswith("superset-cli") for word in words):
                return (process / "cwd" / preset.BUNDLE).exists()
    return False
