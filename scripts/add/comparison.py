"""`make compare`: the scores of this branch's models beside those of the base, as Markdown."""

import os
import subprocess
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from scripts.console import say
from scripts.errors import UserError
from scripts.settings import Settings

# Rejected versions are left out: their tests failed, so nobody uses them.
VERSIONS = """
    select
        model, version, status, coalesce(git_commit, ''), algorithm, metric, score, lower, upper,
        rows_test, split ->> 'by' = 'random',
        (select md5(string_agg(entry ->> 'name', ',')) from jsonb_array_elements(features) entry),
        coalesce((
            select bool_or(higher_is_better) from ml.metrics as metrics
            where (metrics.model, metrics.version, metrics.metric)
                = (versions.model, versions.version, versions.metric)
        ), true)
    from ml.model_versions as versions
    where status <> 'rejected' and score is not null
    order by model, version desc
"""
SHORTEST_COMMIT = 7


@dataclass(frozen=True)
class Version:
    """A version in the registry; `commit` ends in -dirty where files differed from the commit."""

    model: str
    version: int
    status: str
    commit: str
    algorithm: str
    metric: str
    score: float
    lower: float | None
    upper: float | None
    test_rows: int
    is_random: bool
    columns: str
    higher_is_better: bool

    def is_in(self, commits: Iterable[str]) -> bool:
        """Whether it was trained from exactly one of these commits (full hashes)."""
        if len(self.commit) < SHORTEST_COMMIT:
            return False
        return any(commit.startswith(self.commit) for commit in commits)


def print_comparison(settings: Settings, base: str) -> None:
    """Print the table; the models of GLASSHOUSE_DEVELOPER are compared with the shared ones."""
    commits = _commits(settings.root, base)
    with (
        closing(psycopg2.connect(**settings.dsn("transformer"))) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(VERSIONS)
        versions = [Version(*row) for row in cursor.fetchall()]
    say(comparison(versions, commits, base, os.environ.get("GLASSHOUSE_DEVELOPER", "")))


def comparison(versions: list[Version], commits: list[str], base: str, developer: str = "") -> str:
    """The Markdown table: the newest version of each model, and the newest of a base's commit.

    `versions`: the newest first. `developer`: whose models stand for the branch; empty for the
    shared ones.
    """
    prefix = f"{developer}." if developer else ""
    newest: dict[str, Version] = {}
    of_base: dict[str, Version] = {}
    for each in versions:
        name = each.model.removeprefix(prefix)
        if each.model.startswith(prefix) and "." not in name:
            newest.setdefault(name, each)
        if "." not in each.model and each.is_in(commits):
            of_base.setdefault(each.model, each)
    if not newest:
        raise UserError("The registry holds no version of this branch", "make build")
    lines = [
        f"| model | metric | {base} | this branch | change |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, version in sorted(newest.items()):
        before = of_base.get(name)
        lines.append(
            f"| {name} | {version.metric} | {_score(before)} | {_score(version)} |"
            f" {_change(before, version)} |"
        )
    return "\n".join(lines)


def _score(version: Version | None) -> str:
    if not version:
        return "no version"
    has_interval = version.lower is not None and version.upper is not None
    interval = f" ({version.lower:.4g} to {version.upper:.4g})" if has_interval else ""
    return f"{version.score:.4g}{interval}, version {version.version}, {version.algorithm}"


def _change(before: Version | None, after: Version) -> str:
    if not before:
        return "new"
    if (before.model, before.version) == (after.model, after.version):
        return "none: the same version"
    if before.metric != after.metric:
        return f"not comparable: {before.metric} before"
    change = after.score - before.score
    if not change:
        return "none"
    is_better = (change > 0) == after.higher_is_better
    words = f"{change:+.4g}, {'better' if is_better else 'worse'}"
    lower, upper = before.lower, before.upper
    if lower is not None and upper is not None and lower <= after.score <= upper:
        words += ", within the interval of the base"
    if before.test_rows != after.test_rows:
        words += f"; other test rows ({before.test_rows:,} before, {after.test_rows:,} now)"
    elif after.is_random and before.columns != after.columns:
        # The order in which a random split draws rows depends on their content.
        words += "; other test rows, because the split is random: see make contest"
    return words


def _commits(root: Path, base: str) -> list[str]:
    """The commits of the base branch as full hashes."""
    done = subprocess.run(["git", "rev-list", base, "--"], cwd=root, capture_output=True, text=True)
    if done.returncode:
        raise UserError(f"git knows no branch or commit {base}", "BASE=main")
    return done.stdout.split()
