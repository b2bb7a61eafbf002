"""Committing the result of a pull on a new branch, without changing the work tree."""

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from scripts.errors import UserError


def require_clean(root: Path, branch: str) -> None:
    """Raise a UserError unless the branch can be created and the work tree has no changes."""
    top = _git(root, "rev-parse", "--show-toplevel", remedy="git init, or make pull without BRANCH")
    _git(root, "rev-parse", "HEAD", remedy="commit something first")
    if _run(root, "check-ref-format", "--branch", branch).returncode:
        raise UserError(f'git does not accept the branch name "{branch}"', "choose another name")
    if not _run(root, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}").returncode:
        raise UserError(f"The branch {branch} exists already", "choose another name")
    dirty = _git(Path(top), "status", "--porcelain", "--untracked-files=normal").splitlines()
    if dirty:
        others = f" and {len(dirty) - 1} more" if len(dirty) > 1 else ""
        raise UserError(
            f"The work tree has uncommitted changes: {dirty[0][3:]}{others}",
            "commit or stash them, then pull again",
        )


def commit_on_branch(
    branch: str, root: Path, message: str, write: Callable[[Path], object]
) -> None:
    """Run `write` in a copy of the project and commit the result on a new branch."""
    top = Path(_git(root, "rev-parse", "--show-toplevel"))
    with tempfile.TemporaryDirectory(prefix="glasshouse-") as folder:
        copy = Path(folder) / "branch"
        _git(root, "worktree", "add", "--quiet", "-b", branch, str(copy), "HEAD")
        try:
            write(copy / root.resolve().relative_to(top.resolve()))
            _git(copy, "add", "--all")
            _git(
                copy, "commit", "--quiet", "--message", message, remedy="fix that, then pull again"
            )
        except BaseException:
            _run(root, "worktree", "remove", "--force", str(copy))
            _run(root, "branch", "-D", branch)
            raise
        _git(root, "worktree", "remove", "--force", str(copy))


def _git(folder: Path, *arguments: str, remedy: str = "see git status") -> str:
    completed = _run(folder, *arguments)
    if completed.returncode:
        lines = (completed.stderr or completed.stdout).strip().splitlines() or ["no reason given"]
        raise UserError(f"git {arguments[0]} failed: {lines[-1]}", remedy)
    return completed.stdout.strip("\n")


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, errors="replace"
        )
    except FileNotFoundError:
        raise UserError("git is not installed", "install git, or pull without BRANCH") from None
