"""The commands `check`, `describe` and `format-assets`, with their output."""

import socket
from pathlib import Path
from urllib.parse import urlsplit

from scripts.assets.access.file import FILE, read_access, write_access
from scripts.assets.checks.charts import Limits, charts_without_query, run_queries
from scripts.assets.checks.static import find_convention_problems, find_problems, valid_bundle
from scripts.assets.client.superset import Superset
from scripts.assets.files.bundle import FOLDER, read_files, write_asset
from scripts.assets.files.managed import LOCK, record_managed
from scripts.assets.model.asset import Bundle
from scripts.assets.model.problems import Problem
from scripts.console import console, say, step
from scripts.errors import UserError
from scripts.settings import ROOT, Settings

PAGES = "docs/rules/"


def check(settings: Settings | None, limits: Limits) -> bool:
    """Print a line for each problem; True when there are none.

    `settings`: None where there is no installation, as on a build server; then only files are read.
    """
    root = settings.root if settings else ROOT
    with step("Checking the files") as current:
        files = read_files(root / FOLDER)
        problems = find_problems(files)
        bundle = Bundle() if problems else files.bundle()
        problems = problems or find_convention_problems(bundle, root, root / ".stack")
        problems += read_access(root / FOLDER, bundle)[1] if bundle.assets else []
        current.note(f"{len(files.data)} files")
    if not problems and settings and _is_reachable(settings):
        problems = _query_problems(bundle, Superset(settings), limits)
    elif not problems:
        where = f" at {settings.superset_url}" if settings else ""
        say(f"Superset is not running{where}: the queries were not run.")
    for problem in problems:
        console.print(f"{FOLDER}/{problem}", style="red", markup=False)
    if problems:
        plural = "s" * (len(problems) != 1)
        say(f"{len(problems)} problem{plural}. {PAGES}<rule>.md explains the rule.")
    else:
        say("No problems.")
    return not problems


def describe(settings: Settings | None) -> None:
    """Write descriptions and exposures, and print the changed files."""
    from scripts.assets.checks.describe import describe as run

    with step("Describing the datasets and exposures") as current:
        warehouse = settings.dsn("transformer") if settings else None
        written = run(ROOT, ROOT / ".stack", warehouse)
        current.note(f"{len(written)} files written" if written else "up to date")
    for path in written:
        say(f"  {path}")


def format_files(root: Path) -> None:
    """Write every file in its canonical form."""
    bundle = valid_bundle(root)
    changed = [asset.path for asset in bundle if write_asset(root / FOLDER, asset)]
    for path in changed:
        say(f"  {path}")
    entries, problems = read_access(root / FOLDER, bundle)
    if entries.assets and not problems and write_access(root / FOLDER, entries, bundle):
        changed.append(FILE)
        say(f"  {FILE}")
    if record_managed(root / FOLDER, bundle | entries):
        changed.append(LOCK)
        say(f"  {LOCK}")
    say(f"{len(changed)} of {len(bundle.assets) + 2} files written.")


def _query_problems(bundle: Bundle, superset: Superset, limits: Limits) -> list[Problem]:
    with step("Running each chart's query") as current:
        results = run_queries(bundle, superset)
        current.note(f"{len(results)} charts")
    for result in results:
        if not result.error:
            say(f"  {result.chart.title}: {result.rows} rows, {result.milliseconds} ms")
    for chart in charts_without_query(bundle):
        say(f"  {chart.title}: skipped, no query is implemented for a {chart.data['viz_type']}.")
    return [problem for result in results if (problem := result.problem(limits))]


def _is_reachable(settings: Settings) -> bool:
    """Whether something listens at the address of the chosen environment's Superset.

    Raises a UserError where nothing does and an environment was named: whoever names one wants its
    answer.
    """
    url = urlsplit(settings.superset_url)
    port = url.port or {"https": 443}.get(url.scheme, 80)
    try:
        with socket.create_connection((url.hostname or "127.0.0.1", port), timeout=2):
            return True
    except OSError:
        if settings.environment:
            raise UserError(
                f"Superset of {settings.environment} does not answer at {settings.superset_url}",
                "start it, or check the files alone with make check without ENV",
            ) from None
        return False
