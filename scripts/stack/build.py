"""`make build`: the functions as the superuser, then everything else as transformer."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg2

from scripts.console import console, step
from scripts.errors import UserError
from scripts.settings import Settings
from scripts.stack import stamps
from scripts.stack.fingerprint import fingerprint
from scripts.stack.interface import Stack
from scripts.stack.processes import mark

FUNCTIONS = "resource_type:function"
LOADED = """
    select coalesce(string_agg(relname || obj_description(c.oid), ',' order by relname), '')
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('csv', 'shop') and c.relkind = 'r'
"""


def build(
    settings: Settings, stack: Stack, select: tuple[str, ...] = (), show: bool = True
) -> None:
    """Bring registry, functions, models and reports up to date; `select`: these nodes alone.

    `show`: dbt's words go to the screen too, not only to the log.
    """
    wanted = _state(settings, stack)
    if not select:
        stamps.forget(settings, "build")
    with step("Updating the registry"):
        _apply_registry(settings, stack)
    with step("Building the functions (dbt)", output=show):
        _dbt(settings, "admin", ["--select", FUNCTIONS], show)
    chosen = ["--select", *select] if select else []
    with step("Building the models (dbt)", output=show) as current:
        current.note(_dbt(settings, "warehouse", [*chosen, "--exclude", FUNCTIONS], show))
    stack.forget_cached_numbers()
    if not select:
        stamps.write(settings, "build", wanted)


def is_current(settings: Settings, stack: Stack) -> bool:
    """Whether the last whole build was of these files, on this data."""
    return stamps.read(settings, "build") == _state(settings, stack)


def _state(settings: Settings, stack: Stack) -> str:
    """What a build depends on: the project's files, the cluster, and what was loaded into it."""
    connection = psycopg2.connect(**settings.dsn("transformer"))
    try:
        with connection.cursor() as cursor:
            cursor.execute(LOADED)
            loaded = cursor.fetchone()[0]
    finally:
        connection.close()
    files = fingerprint(settings.root / "dbt", settings.root / "udf")
    return "\n".join((files, stack.database_id(), loaded))


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


def _dbt(settings: Settings, target: str, options: list[str], show: bool) -> str:
    """Run `dbt build`; its words go to the log, and to the screen if asked for or if it fails."""
    project = settings.root / "dbt"
    log = settings.state / "logs" / "dbt.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [str(Path(sys.executable).with_name("dbt")), "build", "--target", target]
    command += ["--project-dir", str(project), "--profiles-dir", str(project), *options]
    command += [] if console.is_terminal else ["--no-use-colors"]
    said: list[str] = []
    with (
        log.open("a") as file,
        subprocess.Popen(
            command, cwd=settings.root, env=_environment(settings, target), text=True,
            errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process,
    ):  # fmt: skip
        file.write(f"\n$ dbt build --target {target} {' '.join(options)}\n")
        for line in process.stdout:
            file.write(line)
            said.append(line.rstrip())
            if show:
                console.out(line, end="", highlight=False)
    if process.returncode:
        if not show:
            _show_failures(said)
        error = UserError(
            f"dbt build --target {target} failed (exit code {process.returncode})",
            f"read the lines above, or all of them in {log}",
        )
        error.exit_code = process.returncode
        raise error
    return next((line.partition("Done. ")[2] for line in said if "Done. " in line), "")


def _show_failures(said: list[str]) -> None:
    """From the first failure in dbt's summary on; all of it where there is none."""
    starts = [number for number, line in enumerate(said) if "Completed with" in line]
    for line in said[starts[-1] :] if starts else said[-40:]:
        console.out(line, highlight=False)


def _environment(settings: Settings, target: str) -> dict[str, str]:
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
        **mark(settings.state, "tool"),
        "DBT_TARGET_PATH": str(settings.state / "dbt" / target),
        "DBT_LOG_PATH": str(settings.state / "dbt" / target),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "GLASSHOUSE_GIT_COMMIT": _git_commit(settings.root),
    }


def _git_commit(root: Path) -> str:
    """The commit that is built; marked where files differ from it."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
        cwd=root, capture_output=True, text=True,
    )  # fmt: skip
    return described.stdout.strip() if described.returncode == 0 else ""
