"""The commands of dashboards as code.

Each command imports what it needs when it runs, so that no other command waits for its libraries.
"""

import os
from pathlib import Path

import click

from scripts.errors import UserError
from scripts.settings import ROOT, Settings, load_settings


def _flag(flag: bool, variable: str) -> bool:
    """Whether a flag is set, on the command line or by make as FORCE=1 or YES=1."""
    return flag or os.environ.get(variable, "") not in ("", "0")


def _settings() -> Settings | None:
    """The settings; None where there is no installation, as on a build server."""
    return load_settings() if (ROOT / ".env").exists() else None


@click.command()
@click.option("--json", "form", flag_value="json", help="For programs.")
@click.option("--markdown", "form", flag_value="markdown", help="For a pull request.")
@click.option("--text", "form", flag_value="text", default=True, hidden=True)
def plan(form: str) -> None:
    """Show the differences between git and Superset, field by field; changes nothing.

    ENV=name compares with that environment, ENV=one,two with each of several.
    Exit code 0: no difference, 2: differences, 1: an error.
    """
    from scripts.assets.sync.environments import selected_settings
    from scripts.assets.sync.plan import plan as run

    raise SystemExit(run(selected_settings(), form))


@click.command()
@click.option(
    "--force",
    is_flag=True,
    help="Overwrite changes made in Superset since the last push (FORCE=1).",
)
def push(force: bool) -> None:
    """Push the dashboards from git to Superset; ENV=one,two pushes to several environments."""
    from scripts.assets.sync.environments import run_for_each, selected_settings
    from scripts.assets.sync.push import push as run

    def result(settings: Settings) -> tuple[str, int]:
        return ("pushed" if run(settings, _flag(force, "FORCE")) else "no difference"), 0

    raise SystemExit(run_for_each(selected_settings(), result))


@click.command()
@click.option(
    "--force",
    is_flag=True,
    help="Where both sides changed a field, take Superset's value (FORCE=1).",
)
@click.option(
    "--yes", is_flag=True, help="Delete the files of what was removed in Superset (YES=1)."
)
@click.option(
    "--import",
    "import_name",
    metavar="NAME",
    envvar="IMPORT",
    default="",
    help="Import an unmanaged dashboard, or a saved query, with all that it needs (IMPORT=…).",
)
@click.option("--branch", envvar="BRANCH", default="", help="Commit it on this branch (BRANCH=…).")
@click.option(
    "--all",
    "list_all",
    is_flag=True,
    help="List the unmanaged assets; change nothing (ALL=1).",
)
def pull(force: bool, yes: bool, import_name: str, branch: str, list_all: bool) -> None:
    """Write changes made in Superset into the files in git."""
    from scripts.assets.sync.pull import list_unmanaged
    from scripts.assets.sync.pull import pull as run

    if os.environ.get("ADOPT"):
        raise UserError("ADOPT has another name", f"IMPORT={os.environ['ADOPT']} make pull")
    if _flag(list_all, "ALL"):
        list_unmanaged(load_settings())
    else:
        run(load_settings(), _flag(force, "FORCE"), _flag(yes, "YES"), import_name, branch)


@click.command("import")
@click.option(
    "--from",
    "source",
    envvar="FROM",
    required=True,
    type=click.Path(path_type=Path),
    help="The zip file or folder (FROM=…).",
)
@click.option("--force", is_flag=True, help="Also over files that git has already (FORCE=1).")
def import_(source: Path, force: bool) -> None:
    """Write an export of another Superset into the files, and report what cannot be kept."""
    from scripts.assets.sync.import_bundle import import_bundle as run

    run(load_settings(), source, _flag(force, "FORCE"))


@click.command()
@click.option("--yes", is_flag=True, help="Remove them (YES=1); without it they are only shown.")
@click.option("--force", is_flag=True, help="Also assets changed in Superset (FORCE=1).")
def prune(yes: bool, force: bool) -> None:
    """Remove from Superset what this repository managed and no longer contains."""
    from scripts.assets.sync.prune import prune as run

    run(load_settings(), _flag(yes, "YES"), _flag(force, "FORCE"))


@click.command()
@click.option(
    "--max-ms",
    envvar="MAX_MS",
    type=click.IntRange(min=1),
    help="Limit for the time of a chart's query.",
)
@click.option(
    "--max-rows",
    envvar="MAX_ROWS",
    type=click.IntRange(min=1),
    help="Limit for the rows of a chart's query.",
)
def check(max_ms: int | None, max_rows: int | None) -> None:
    """Check the files; with a running server, each chart's query too."""
    from scripts.assets.checks.charts import Limits
    from scripts.assets.checks.report import check as run

    if not run(_settings(), Limits(max_ms, max_rows)):
        raise SystemExit(1)


@click.command()
@click.option("--base", envvar="BASE", default="origin/main", show_default=True)
def review(base: str) -> None:
    """Print what this branch changes on the dashboards, for its pull request (BASE=branch)."""
    from scripts.assets.sync.review import review as run

    click.echo(run(ROOT, base), nl=False)


@click.command()
def watch() -> None:
    """Push each time a file of the dashboards is saved, until Ctrl+C."""
    from scripts.assets.sync.watch import watch as run

    run(load_settings())


@click.command()
def describe() -> None:
    """Write dbt's descriptions into the datasets, and the dashboards into dbt's exposures."""
    from scripts.assets.checks.report import describe as run

    run(_settings())


@click.command("format-assets")
def format_assets() -> None:
    """Rewrite every file in the form that pull writes."""
    from scripts.assets.checks.report import format_files

    format_files(ROOT)


@click.command()
@click.option("--to", "folder", type=click.Path(path_type=Path), help="Default: .stack/shots")
def shots(folder: Path | None) -> None:
    """Take a picture of every tab of every dashboard, and report what is broken."""
    from scripts.assets.client.visual_checks import shots as run

    settings = load_settings()
    run(settings, folder or settings.state / "shots")
