"""`make build`: the functions as the superuser, then everything else as transformer."""

import json
import os
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import yaml

from scripts.console import console, step
from scripts.dbt_nodes import node_names
from scripts.errors import UserError
from scripts.fingerprint import fingerprint
from scripts.resources import find_in_output
from scripts.settings import Settings
from scripts.stack import build_inputs, dbt_state, shop_load
from scripts.stack import build_state as stamps
from scripts.stack.dbt.process import DbtProcess, start_dbt
from scripts.stack.dbt.rejections import build_without_rejected
from scripts.stack.external.libpq import libpq_environment
from scripts.stack.external.library_path import path_statements
from scripts.stack.interface import Stack
from scripts.stack.processes import process_tag
from scripts.stack.registry import update_registry
from scripts.stack.warehouse_upgrade import upgrade_warehouse
from scripts.stack.workers import is_cluster, update_workers

FUNCTIONS = "resource_type:function"
# How dbt/macros/tests/results.sql begins a line about a broken rule of row_constraints.
BROKEN = "Broken rows: "
# A build sorts and joins whole tables, in few sessions; a dashboard has many, and little. A
# statement that waits for a table makes later readers wait too, so it gives up early.
PGOPTIONS = "-c work_mem=64MB -c maintenance_work_mem=256MB -c lock_timeout=30s"


def build(
    settings: Settings,
    stack: Stack,
    select: tuple[str, ...] = (),
    show: bool = True,
    replace_shop: bool = False,
    test_all: bool = True,
    leave_out_rejected: bool = False,
) -> str:
    """Bring registry, functions, models and reports up to date; `select`: these nodes alone.

    `show`: dbt's output goes to the screen too, not only to the log. `replace_shop`: when the shop
    was replaced, its history in the vault may be lost. `test_all`: dbt's tests read every row, not
    only the rows that have come since the last build whose tests passed. `leave_out_rejected`: a
    model version that fails its tests does not fail the build. Returns the summary of dbt.
    """
    replaced = _require_same_shop(settings, replace_shop)
    sources = build_inputs.current_state(settings, stack)
    if not select:
        stamps.forget(settings, "build")
    # A build of a part, as of make add, need not wait for functions that are the same.
    if not select or stamps.read(settings, "functions") != _functions_state(settings, stack):
        build_functions(settings, stack, show)
    with step("Building the models (dbt)", output=show) as current:
        upgrade_warehouse(settings)
        if replaced:
            _rebuild_vault(settings, show)
        note = _build_models(
            settings, sources["files"], list(select), show, test_all, leave_out_rejected
        )
        current.note(note)
    stack.clear_query_cache()
    build_inputs.warn_of_malformed_versions(settings)
    if not select:
        _record_success(settings, sources)
    return note


def build_functions(settings: Settings, stack: Stack, show: bool = True) -> None:
    """Bring the engine up to date: the registry's tables, and the functions that write them."""
    stamps.forget(settings, "functions")
    state = _functions_state(settings, stack)
    with step("Updating the registry") as current:
        current.note(update_registry(settings, stack))
    with step("Building the functions (dbt)", output=show):
        # Each PL/Python function begins with these statements (dbt/macros/functions).
        statements = {"POSTGRES_PATH_STATEMENTS": path_statements(stack.library_path())}
        _dbt(settings, "admin", ["--select", FUNCTIONS], show, statements)
    if is_cluster(settings, stack):
        with step("Updating the workers of the cluster") as current:
            current.note(update_workers(settings, stack))
    stamps.write(settings, "functions", state)


def _functions_state(settings: Settings, stack: Stack) -> str:
    """What the registry and the functions are made from, and on which server."""
    files = fingerprint(settings.root / "udf", settings.root / "dbt" / "macros")
    return f"{stack.database_id()} {stack.library_path()} {files}"


def refresh(settings: Settings, stack: Stack) -> str:
    """Build what depends on the tables that have changed since the last build, and nothing else.

    Says what was built.
    """
    _require_same_shop(settings, replace_shop=False)
    sources, last = build_inputs.current_state(settings, stack), built(settings)
    changed = {key for key in sources if sources[key] != last.get(key)}
    if {"files", "cluster"} & changed:
        note = build(settings, stack, leave_out_rejected=True)
        return f"everything was built, because files or the server have changed: {note}"
    if build_inputs.has_active_sessions(settings):
        changed.add(build_inputs.WRITES_KEY)
    names = sorted({"shop" if key == build_inputs.WRITES_KEY else key for key in changed})
    if not names:
        with step("Building the models (dbt)") as current:
            current.note("up to date")
        return "up to date"
    stamps.forget(settings, "build")
    with step(f"Building what depends on {', '.join(names)} (dbt)", output=True) as current:
        select = [f"source:{name}+" for name in names]
        note = _build_models(
            settings, sources["files"], select, show=True, test_all=False, leave_out_rejected=True
        )
        current.note(note)
    stack.clear_query_cache()
    build_inputs.warn_of_malformed_versions(settings)
    _record_success(settings, sources)
    return f"built what depends on {', '.join(names)}: {note}"


def _require_same_shop(settings: Settings, replace_shop: bool) -> bool:
    """Refuse to mix the history of two shops; says whether the vault is to be built anew."""
    replaced = shop_load.is_replaced(settings)
    if replaced and not replace_shop:
        raise UserError(
            "Another shop was loaded in place of the one whose history the vault holds",
            "YES=1 make build, which drops that history and builds everything from the new shop",
        )
    return replaced


def _rebuild_vault(settings: Settings, show: bool) -> None:
    """The vault from nothing, from the shop that is there now; all that follows is then new too."""
    options = ["--full-refresh", "--select", "+path:models/vault", "--resource-type", "model"]
    _dbt(settings, "warehouse", options, show, {"GLASSHOUSE_REBUILD_VAULT": "true"})
    dbt_state.forget(settings)
    shop_load.remember(settings)


def _build_models(
    settings: Settings,
    files: str,
    select: list[str],
    show: bool,
    test_all: bool,
    leave_out_rejected: bool,
) -> str:
    """Run dbt for all models, or for those selected, and bring back views that it drops."""
    if not shop_load.is_replaced(settings):
        shop_load.remember(settings)
    environment = {} if test_all else _tests_since(settings)
    views = build_inputs.views(settings)
    try:
        for options in _runs(settings, files, select, show):

            def run(more: Mapping[str, str], options: list[str] = options) -> str:
                return _dbt(settings, "warehouse", options, show, {**environment, **more})

            note = build_without_rejected(settings, run) if leave_out_rejected else run({})
        return note
    finally:
        # dbt drops a view with a table that it makes anew, and makes the view again only when it is
        # selected and the table's tests pass.
        if views - build_inputs.views(settings):
            options = ["--select", "config.materialized:view", "--resource-type", "model"]
            with suppress(UserError):
                _dbt(settings, "warehouse", options, show=False)


def _runs(settings: Settings, files: str, select: list[str], show: bool) -> list[list[str]]:
    """The options of each dbt run that the build takes.

    A growing table keeps rows that older SQL wrote. So the models that differ from the last good
    build, and all that follow them, are built with --full-refresh, after all the others.
    """
    chosen = ["--select", *select] if select else []
    if not dbt_state.exists(settings):
        return [["--full-refresh", *chosen, "--exclude", FUNCTIONS]]
    if dbt_state.is_built_from(settings, files):
        return [[*chosen, "--exclude", FUNCTIONS]]
    state = ["--state", str(dbt_state.folder(settings))]
    modified = _modified(settings, state)
    dbt_state.forget_nodes(settings, modified)
    if not modified:
        return [[*chosen, "--exclude", FUNCTIONS]]
    new = [f"{each},state:new+" for each in select] or ["state:new+"]
    return [
        [*chosen, "--exclude", FUNCTIONS, "state:new+", *state],
        ["--full-refresh", "--select", *new, "--exclude", FUNCTIONS, *state],
    ]


def _modified(settings: Settings, state: list[str]) -> list[str]:
    """Ids of the models and seeds that differ from the last good build."""
    arguments = _arguments(settings, "ls", "warehouse", [
        "--quiet", "--resource-type", "model", "--resource-type", "seed", "--output", "json",
        "--output-keys", "unique_id", "--select", *dbt_state.MODIFIED, *state,
    ])  # fmt: skip
    environment = dbt_environment(settings, "warehouse")
    lines: list[str] = []
    if _process(settings, environment).run(arguments, environment, lines.append):
        raise UserError(f"dbt cannot read the project: {' '.join(lines)}", "mend that file")
    return [json.loads(line)["unique_id"] for line in lines if line.startswith("{")]


def _record_success(settings: Settings, sources: dict[str, str]) -> None:
    """Note what a whole build was made from, and up to when rows have passed the tests."""
    manifest = _target_path(settings, "manifest") / "manifest.json"
    dbt_state.save(settings, manifest, sources["files"])
    finished = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    newest = build_inputs.query(settings, "select max(valid_from)::text from vault.hub_order")[0][0]
    tested = {"loaded_since": finished, "newest": newest or "-infinity"}
    stamps.write(settings, "tested", json.dumps(tested))
    stamps.write(settings, "build", json.dumps(sources))


def _tests_since(settings: Settings) -> dict[str, str]:
    """What limits dbt's tests to new rows; nothing, so that all are read, after a failed build."""
    tested = json.loads(stamps.read(settings, "tested") or "{}")
    if not tested:
        return {}
    project = yaml.safe_load((settings.root / "dbt" / "dbt_project.yml").read_text())
    since = build_inputs.query(
        settings, "select to_char(%s::timestamp - %s::interval, 'YYYY-MM-DD\"T\"HH24:MI:SS')",
        tested["newest"], project["vars"]["lookback"],
    )[0][0]  # fmt: skip
    limits = {"loaded_since": tested["loaded_since"], "changed_since": since or "-infinity"}
    parameters = " ".join(f"-c glasshouse.{name}={value}" for name, value in limits.items())
    options = dbt_environment(settings, "warehouse")["PGOPTIONS"]
    return {"PGOPTIONS": f"{options} {parameters}"}


def is_current(settings: Settings, stack: Stack, *ignored: str) -> bool:
    """Whether the last whole build was of these files, on this data, apart from `ignored` keys."""
    ignored_keys = {build_inputs.WRITES_KEY, *ignored}
    now, last = build_inputs.current_state(settings, stack), built(settings)
    return {key: now[key] for key in now.keys() - ignored_keys} == {
        key: last[key] for key in last.keys() - ignored_keys
    }


def mark_built(settings: Settings, stack: Stack, made_from: dict[str, str]) -> None:
    """Note that what is in this server's database was built from this, if on another server."""
    made_from = {key: value for key, value in made_from.items() if key != build_inputs.WRITES_KEY}
    stamps.write(settings, "build", json.dumps(made_from | {"cluster": stack.database_id()}))


def built(settings: Settings) -> dict[str, str]:
    """What the last whole build was made from; empty when there was none."""
    try:
        return json.loads(stamps.read(settings, "build") or "{}")
    except ValueError:  # a note of an older version
        return {}


def _dbt(
    settings: Settings,
    target: str,
    options: list[str],
    show: bool,
    environment: dict[str, str] | None = None,
) -> str:
    """Run `dbt build`; its output goes to the log, and to the screen if `show` or if it fails."""
    log = settings.state / "logs" / "dbt.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    arguments = _arguments(settings, "build", target, options)
    arguments += [] if console.is_terminal else ["--no-use-colors"]
    environment = dbt_environment(settings, target) | (environment or {})
    lines: list[str] = []
    with log.open("a") as file:
        file.write(f"\n$ dbt build --target {target} {' '.join(options)}\n")

        def on_line(line: str) -> None:
            file.write(line)
            lines.append(line.rstrip())
            if show:
                console.out(line, end="", highlight=False)

        exit_code = _process(settings, environment).run(arguments, environment, on_line)
    if exit_code:
        if not show:
            _show_failures(lines)
        if any("due to lock timeout" in line for line in lines):
            raise build_inputs.locked(settings)
        failed = f"dbt build --target {target} failed"
        raise find_in_output("\n".join(lines), failed) or UserError(
            f"{failed} (exit code {exit_code})",
            f"read the lines above, or all of them in {log}",
            exit_code,
        )
    return next((line.partition("Done. ")[2] for line in lines if "Done. " in line), "")


def parse_project(settings: Settings) -> None:
    """Start to parse the dbt project, if the running process has not parsed it yet."""
    _process(settings, dbt_environment(settings, "warehouse"))


def _process(settings: Settings, environment: dict[str, str]) -> DbtProcess:
    folder = str(_target_path(settings, "manifest"))
    paths = {"DBT_TARGET_PATH": folder, "DBT_LOG_PATH": folder}
    return start_dbt(settings.root / "dbt", (), environment | paths)


def _arguments(settings: Settings, verb: str, target: str, options: list[str]) -> list[str]:
    project = str(settings.root / "dbt")
    folders = ["--project-dir", project, "--profiles-dir", project]
    return [verb, "--target", target, *folders, *options]


def _show_failures(lines: list[str]) -> None:
    """Which rows are broken, and dbt's summary from its first failure on; or the last lines."""
    starts = [number for number, line in enumerate(lines) if "Completed with" in line]
    broken = [line for line in lines[: starts[-1]] if BROKEN in line] if starts else []
    for line in [*broken, *(lines[starts[-1] :] if starts else lines[-40:])]:
        console.out(line, highlight=False)


def dbt_environment(settings: Settings, target: str) -> dict[str, str]:
    """dbt/profiles.yml reads these; each target keeps what it has parsed apart from the other's."""
    role = "postgres" if target == "admin" else "transformer"
    login = settings.dsn(role)
    secrets = {"admin": {"POSTGRES_USER": login["user"], "POSTGRES_PASSWORD": login["password"]}}
    connection = libpq_environment(settings, role)
    # What DATABASE_URL says under `options` holds beside the options of the build.
    options = f"{connection.pop('PGOPTIONS', '')} {PGOPTIONS}".strip()
    return {
        **os.environ,
        **connection,
        "POSTGRES_HOST": login["host"],
        "POSTGRES_PORT": str(login["port"]),
        "POSTGRES_DATABASE": login["dbname"],
        "SUPERSET_PORT": str(settings.superset_port),
        "TRANSFORMER_PASSWORD": settings.transformer_password,
        # A profile is read as a whole: the plain target sees the word, not the secret.
        "POSTGRES_USER": "postgres",
        "POSTGRES_PASSWORD": "not-for-this-target",
        **secrets.get(target, {}),
        **process_tag(settings.state, "tool"),
        "DBT_TARGET_PATH": str(_target_path(settings, target)),
        "DBT_LOG_PATH": str(_target_path(settings, target)),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "PGOPTIONS": options,
        "GLASSHOUSE_GIT_COMMIT": _git_commit(settings.root),
        **node_names(settings.root),
    }


def _target_path(settings: Settings, target: str) -> Path:
    """Where dbt writes its artifacts, each target apart; `manifest`: the parsed project."""
    return settings.state / "dbt" / target


def _git_commit(root: Path) -> str:
    """The commit that is built; marked where files differ from it."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
        cwd=root, capture_output=True, text=True,
    )  # fmt: skip
    return described.stdout.strip() if described.returncode == 0 else ""
