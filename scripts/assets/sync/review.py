"""`review`: the changes of a branch to the dashboards, as a comment for its pull request.

It compares two states of the files, so it needs neither a server nor a secret.
"""

import subprocess
import tempfile
from pathlib import Path
from string import Template

from scripts.assets.checks.static import find_convention_problems, find_problems
from scripts.assets.files.bundle import FOLDER, read_files
from scripts.assets.model.asset import Bundle
from scripts.assets.model.diff import Difference, differences
from scripts.assets.model.problems import Problem
from scripts.errors import UserError

TEMPLATE = Path(".github", "review.md")
NO_CHANGES = "No changes to the dashboards."
NO_PROBLEMS = "All static checks pass."


def review(root: Path, base: str) -> str:
    """The comment as Markdown: the files compared with `base` (a branch or commit)."""
    files = read_files(root / FOLDER)
    problems = find_problems(files)
    base_bundle = bundle_at(root, base)
    changes = ""
    if not problems:
        current = files.bundle()
        problems = find_convention_problems(current, root, root / ".stack")
        changes = _table(differences(base_bundle, current))
    values = {"base": base, "changes": changes or NO_CHANGES, "problems": _list(problems)}
    return Template((root / TEMPLATE).read_text(encoding="utf-8")).substitute(values)


def bundle_at(root: Path, commit: str) -> Bundle:
    """The assets of a commit; an empty bundle where it has none."""
    listing = _git(root, "ls-tree", "--name-only", commit, FOLDER)
    if not listing.strip():
        return Bundle()
    with tempfile.TemporaryDirectory() as folder:
        # Python's tarfile has no safe extraction before 3.11.4, and Debian 12 has 3.11.2.
        archive = _git(root, "archive", "--format=tar", commit, FOLDER)
        subprocess.run(["tar", "--extract", f"--directory={folder}"], input=archive, check=True)
        files = read_files(Path(folder, FOLDER))
        if find_problems(files):
            raise UserError(
                f"The dashboards at {commit} do not pass the checks themselves",
                "fix them there first, or compare with another commit",
            )
        return files.bundle()


def _git(root: Path, *command: str) -> bytes:
    completed = subprocess.run(["git", *command], cwd=root, capture_output=True)
    if completed.returncode:
        reason = completed.stderr.decode(errors="replace").strip().splitlines() or [
            "no reason given"
        ]
        raise UserError(f"git {command[0]}: {reason[-1]}", "name a commit that this clone has")
    return completed.stdout


def _table(differences: list[Difference]) -> str:
    if not differences:
        return ""
    rows = []
    for each in differences:
        action = "new" if each.old is None else "removed" if each.new is None else "changed"
        layout = {c.field.split(".")[1] for c in each.changes if c.field.startswith("position.")}
        lines = [str(c) for c in each.changes if not c.field.startswith("position.")]
        lines += [f"layout: {len(layout)} component{'s' * (len(layout) != 1)}"] if layout else []
        rows.append(f"| {action} | {_cell(str(each.asset))} | {'<br>'.join(map(_cell, lines))} |")
    return "\n".join(["| | asset | fields |", "| --- | --- | --- |", *rows])


def _list(problems: list[Problem]) -> str:
    if not problems:
        return NO_PROBLEMS
    return "\n".join(f"- {_cell(str(problem))}" for problem in problems)


def _cell(text: str) -> str:
    """Text with the characters of Markdown and HTML escaped."""
    for mark in "\\`*[]|<@":
        text = text.replace(mark, f"&#{ord(mark)};")
    return text
