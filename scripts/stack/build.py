"""`make build`: the functions as the superuser, then everything else as transformer."""

import json
import os
import subprocess
from contextlib import suppress
from pathlib import Path

import psycopg2

from scripts.console import console, step
from scripts.errors import UserError
from scripts.feature_groups import feature_groups
from scripts.fingerprint import fingerprint
from scripts.settings import Settings
from scripts.stack import build_state as stamps
from scripts.stack.dbt_process import DbtProcess, start_dbt
from scripts.stack.interface import Stack
from scripts.stack.processes import process_tag
from scripts.stack.views import models_of, views

FUNCTIONS = "resource_type:function"
# What dbt/macros/results.sql says of each rule that rows of a table break.
BROKEN = "Broken rows: "
# Whatever loads a table says so in its comment. The shop's tables are one: one comment for all.
LOADED = """
    select case n.nspname when 'csv' then 'csv.' || relname else n.nspname end,
           string_agg(obj_description(c.oid), ' ')
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('csv', 'shop') and c.relkind = 'r'
    group by 1
"""


def build(
    settings: Settings,
    stack: Stack,
    select: tuple[str, ...] = (),
    show: bool = True,
    tests: str = "all",
) -> None:
    """Bring registry, functions, models and reports up to date; `select`: these nodes alone.

    `show`: dbt's words go to the screen too, not only to the log. `tests`: of all rows, or of
    `news`, those that have come since all of them passed (dbt/macros/testing_news.sql).
    """
    wanted = _state(settings, stack)
    if not select:
        stamps.forget(settings, "build")
    build_functions(settings, stack, show)
    chosen = ["--select", *select] if select else []
    with step("Building the models (dbt)", output=show) as current:
        options, before = [*chosen, "--exclude", FUNCTIONS], views(settings)
        try:
            current.note(_dbt(settings, "warehouse", options, show, tests))
        except UserError:
            # The first failure is the one to tell.
            with suppress(UserError, psycopg2.Error):
                _put_back(settings, before)
            raise
        _put_back(settings, before)
    stack.clear_query_cache()
    if not select:
        stamps.write(settings, "build", json.dumps(wanted))


def build_functions(settings: Settings, stack: Stack, show: bool = True) -> None:
    """Bring the engine up to date: the registry's tables, and the functions that write them."""
    with step("Updating the registry"):
        _apply_registry(settings, stack)
    with step("Building the functions (dbt)", output=show):
        _dbt(settings, "admin", ["--select", FUNCTIONS], show)


def refresh(settings: Settings, stack: Stack) -> None:
    """Build what depends on the tables that were loaded since the last build, and nothing else."""
    wanted, known = _state(settings, stack), built(settings)
    changed = sorted(key for key in wanted if wanted[key] != known.get(key))
    if not changed:
        with step("Building the models (dbt)") as current:
            current.note("up to date")
    elif {"files", "cluster"} & set(changed):
        build(settings, stack)
    else:
        chosen = [f"source:{name}+" for name in changed]
        stamps.forget(settings, "build")
        with step(f"Building what depends on {', '.join(changed)} (dbt)", output=True) as current:
            options = ["--select", *chosen, "--exclude", FUNCTIONS]
            current.note(_dbt(settings, "warehouse", options, show=True, tests="news"))
        stack.clear_query_cache()
        stamps.write(settings, "build", json.dumps(wanted))


def _put_back(settings: Settings, before: set[tuple[str, str]]) -> None:
    """The views that were there: pages read them also when a build was of some nodes, or failed."""
    manifest = Path(dbt_environment(settings, "warehouse")["DBT_TARGET_PATH"]) / "manifest.json"
    lost = before - views(settings)
    if lost and (models := models_of(manifest, lost)):
        _dbt(settings, "warehouse", ["--select", *models, "--resource-type", "model"], show=False)


def is_current(settings: Settings, stack: Stack) -> bool:
    """Whether the last whole build was of these files, on this data."""
    return built(settings) == _state(settings, stack)


def mark_built(settings: Settings, stack: Stack, made_from: dict[str, str]) -> None:
    """Note that what is in this server's database was built from this, if on another server."""
    stamps.write(settings, "build", json.dumps(made_from | {"cluster": stack.database_id()}))


def built(settings: Settings) -> dict[str, str]:
    """What the last whole build was made from; empty when there was none."""
    try:
        return json.loads(stamps.read(settings, "build") or "{}")
    except ValueError:  # a note of an older version
        return {}


def _state(settings: Settings, stack: Stack) -> dict[str, str]:
    """What a build depends on: the project's files, the cluster, and what was loaded into it."""
    connection = psycopg2.connect(**settings.dsn("transformer"))
    try:
        with connection.cursor() as cursor:
            cursor.execute(LOADED)
            loaded = {source: comment or "" for source, comment in cursor.fetchall()}
    finally:
        connection.close()
    files = fingerprint(settings.root / "dbt", settings.root / "udf")
    return {"files": files, "cluster": stack.database_id(), **loaded}


def registry_script(root: Path) -> str:
    """The SQL that makes the engine's schema: the files of udf/registry in order."""
    folder = root / "udf" / "registry"
    files = sorted(folder.glob("*.sql"))
    if not files:
        raise UserError(f"{folder} is missing", "restore the folder from git")
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def _apply_registry(settings: Settings, stack: Stack) -> None:
    script = registry_script(settings.root)
    connection = psycopg2.connect(**stack.superuser("warehouse"))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(script)
    except psycopg2.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"udf/registry failed: {reason}", "mend the file") from None
    finally:
        connection.close()


def _dbt(
    settings: Settings, target: str, options: list[str], show: bool, tests: str = "all"
) -> str:
    """Run `dbt build`; its words go to the log, and to the screen if asked for or if it fails."""
    project = settings.root / "dbt"
    log = settings.state / "logs" / "dbt.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    arguments = ["build", "--target", target]
    arguments += ["--project-dir", str(project), "--profiles-dir", str(project), *options]
    arguments += [] if console.is_terminal else ["--no-use-colors"]
    environment = {**dbt_environment(settings, target), "GLASSHOUSE_TESTS": tests}
    said: list[str] = []
    with log.open("a") as file:
        file.write(f"\n$ dbt build --target {target} {' '.join(options)}\n")

        def on_line(line: str) -> None:
            file.write(line)
            said.append(line.rstrip())
            if show:
                console.out(line, end="", highlight=False)

        exit_code = parse_project(settings, tests).run(arguments, environment, on_line)
    if exit_code:
        if not show:
            _show_failures(said)
        error = UserError(
            f"dbt build --target {target} failed (exit code {exit_code})",
            f"read the lines above, or all of them in {log}",
        )
        error.exit_code = exit_code
        raise error
    return next((line.partition("Done. ")[2] for line in said if "Done. " in line), "")


def parse_project(settings: Settings, tests: str = "all") -> DbtProcess:
    """Start to parse the dbt project, if the running process has not parsed it yet."""
    environment = {**dbt_environment(settings, "warehouse"), "GLASSHOUSE_TESTS": tests}
    folder = str(settings.state / "dbt" / "manifest")
    environment |= {"DBT_TARGET_PATH": folder, "DBT_LOG_PATH": folder}
    return start_dbt(settings.root / "dbt", (), environment)


def _show_failures(said: list[str]) -> None:
    """Which rows are broken, and dbt's summary from its first failure on; or the last lines."""
    starts = [number for number, line in enumerate(said) if "Completed with" in line]
    broken = [line for line in said[: starts[-1]] if BROKEN in line] if starts else []
    for line in [*broken, *(said[starts[-1] :] if starts else said[-40:])]:
        console.out(line, highlight=False)


def dbt_environment(settings: Settings, target: str) -> dict[str, str]:
    """dbt/profiles.yml reads these; each target keeps what it has parsed apart from the other's."""
    secrets = {"admin": {"POSTGRES_PASSWORD": settings.postgres_password}}
    return {
        **os.environ,
        "POSTGRES_HOST": settings.postgres_host,
        "POSTGRES_PORT": str(settings.postgres_port),
        "SUPERSET_PORT": str(settings.superset_port),
        "TRANSFORMER_PASSWORD": settings.transformer_password,
        # A profile is read as a whole: the plain target sees the word, not the secret.
        "POSTGRES_PASSWORD": "not-for-this-target",
        **secrets.get(target, {}),
        **process_tag(settings.state, "tool"),
        "DBT_TARGET_PATH": str(settings.state / "dbt" / target),
        "DBT_LOG_PATH": str(settings.state / "dbt" / target),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        # A build sorts and joins whole tables, in few sessions; a dashboard has many, and little.
        "PGOPTIONS": "-c work_mem=64MB -c maintenance_work_mem=256MB",
        "GLASSHOUSE_GIT_COMMIT": _git_commit(settings.root),
        **feature_groups(settings.root),
    }


def _git_commit(root: Path) -> str:
    """The commit that is built; marked where files differ from it."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
        cwd=root, capture_output=True, text=True,
    )  # fmt: skip
    return described.stdout.strip() if described.returncode == 0 else ""
