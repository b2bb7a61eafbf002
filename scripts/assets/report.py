"""`check` and `format-assets`: what they print and whether all is well."""

import socket
from pathlib import Path

from scripts.assets.access.file import FILE, read_access, write_access
from scripts.assets.bundle import FOLDER, read_files, write_asset
from scripts.assets.charts import ask_all
from scripts.assets.check import find_problems, sound_bundle, unformatted
from scripts.assets.model import Bundle
from scripts.assets.owned import LOCK, record
from scripts.assets.problems import Problem
from scripts.assets.superset import Superset
from scripts.console import console, say, step
from scripts.settings import Settings


def check(settings: Settings) -> bool:
    """Print a line for each problem; True when there is none."""
    folder = settings.root / FOLDER
    with step("Checking the files") as current:
        files = read_files(folder)
        problems = find_problems(files)
        bundle = Bundle() if problems else files.bundle()
        problems += unformatted(folder, bundle)
        problems += read_access(folder, bundle)[1] if bundle.assets else []
        current.note(f"{len(files.data)} files")
    if not problems and not _answers(settings):
        say(f"Superset does not run at {settings.superset_url}: the queries were not tried.")
    elif not problems:
        problems = _query_problems(bundle, Superset(settings))
    for problem in problems:
        console.print(f"{FOLDER}/{problem}", style="red", markup=False)
    say(f"{len(problems)} problem{'s' * (len(problems) != 1)}." if problems else "All is well.")
    return not problems


def format_files(root: Path) -> None:
    """Write every file in its canonical form."""
    bundle = sound_bundle(root)
    changed = [asset.path for asset in bundle if write_asset(root / FOLDER, asset)]
    for path in changed:
        say(f"  {path}")
    entries, problems = read_access(root / FOLDER, bundle)
    if entries.assets and not problems and write_access(root / FOLDER, entries, bundle):
        changed.append(FILE)
        say(f"  {FILE}")
    if record(root / FOLDER, bundle | entries):
        changed.append(LOCK)
        say(f"  {LOCK}")
    say(f"{len(changed)} of {len(bundle.assets) + 2} files written.")


def _query_problems(bundle: Bundle, superset: Superset) -> list[Problem]:
    with step("Asking each chart's query") as current:
        answers = ask_all(bundle, superset)
        current.note(f"{len(answers)} charts")
    for answer in answers:
        if not answer.error:
            say(f"  {answer.chart.title}: {answer.rows} rows, {answer.milliseconds} ms")
    return [
        Problem(answer.chart.path, f'"{answer.chart.title}": {answer.error}', answer.do)
        for answer in answers
        if answer.error
    ]


def _answers(settings: Settings) -> bool:
    """Whether something listens where Superset should."""
    try:
        with socket.create_connection(("127.0.0.1", settings.superset_port), timeout=2):
            return True
    except OSError:
        return False
