"""The nodes of a dbt command share sessions, and leave nothing of their own in them."""

import re
from pathlib import Path

from tests.conftest import Warehouse
from tests.integration.dbt_project import DbtProject

# Each node prints its session and whether a node before has left something there, and leaves
# something itself.
NODE = """
{{ config(post_hook=["create temporary table leftovers as select 1", "set work_mem = '7MB'"]) }}
{% if execute %}
    {% set query %}
        select
            pg_backend_pid() as pid,
            to_regclass('pg_temp.leftovers') is null
                and current_setting('work_mem') <> '7MB' as is_clean
    {% endset %}
    {% set session = run_query(query).rows[0] %}
    {{ log("session " ~ session["pid"] ~ ", clean: " ~ session["is_clean"], info=true) }}
{% endif %}
select 1 as id
"""
NODES = 6


def test_nodes_share_clean_sessions(engine: Warehouse, tmp_path: Path) -> None:
    project = DbtProject(engine, tmp_path)
    for number in range(NODES):
        project.write(f"models/staging/stg_node_{number}.sql", NODE)
    outcome = project.run("run")
    assert outcome.exit_code == 0, outcome.output
    sessions = re.findall(r"session (\d+), clean: (\w+)", outcome.output)
    assert len(sessions) == NODES
    assert len({pid for pid, _ in sessions}) <= 2, "dbt has two threads"
    assert {is_clean for _, is_clean in sessions} == {"True"}


def test_session_that_the_server_ended_is_replaced(engine: Warehouse, tmp_path: Path) -> None:
    project = DbtProject(engine, tmp_path)
    end = "select pg_terminate_backend(pg_backend_pid())"
    project.write(
        "models/staging/stg_ended.sql", f"{{% do run_query('{end}') if execute %}} select 1"
    )
    for number in range(NODES):
        project.write(f"models/staging/stg_node_{number}.sql", NODE)
    outcome = project.run("run")
    assert outcome.exit_code == 1
    assert f"PASS={NODES} WARN=0 ERROR=1" in outcome.output
