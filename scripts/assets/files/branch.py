"""Putting what a pull brings on a branch of its own, without touching the files at hand."""

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from scripts.errors import UserError


def require_clean(root: Path, branch: str) -> None:
    """Stop unless git can take a commit on a new branch, and all files are as git has them."""
    top = _git(root, "rev-parse", "--show-toplevel", remedy="git init, or make pull without BRANCH")
    _git(root, "rev-parse", "HEAD", remedy="commit something first")
    if _run(root, "check-ref-format", "--branch", branch).returncode:
        raise UserError(f'git takes no branch called "{branch}"', "choose another name")
    if not _run(root, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}").returncode:
        raise UserError(f"There is a branch {branch} already", "choose another name")
    dirty = _git(Path(top), "status", "--porcelain", "--untracked-files=normal").splitlines()
    if dirty:
        others = f" and {len(dirty) - 1} more" if len(dirty) > 1 else ""
        raise UserError(
            f"There are changes that are not committed: {dirty[0][3:]}{others}",
            "commit or stash them, then pull again",
        )


def commit_on_branch(
    branch: str, root: Path, message: str, write: Callable[[Path], object]
) -> None:
    """Commit what `write` does below a copy of the project's folder, on a new branch."""
    top = Path(_git(root, "rev-parse", "--show-toplevel"))
    with tempfile.TemporaryDirectory(prefix="glasshouse-") as folder:
        copy = Path(folder) / "branch"
        _git(root, "worktree", "add", "--quiet", "-b", branch, str(copy), "HEAD")
        try:
            write(copy / root.resolve().relative_to(top.resolve()))
            _git(copy, "add", "--all")
            _git(
                copy, "commit", "--quiet", "--message", message, remedy="mend that, then pull again"
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
