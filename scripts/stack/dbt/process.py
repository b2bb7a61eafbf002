"""Runs dbt commands in one child process, which parses the project only once.

Parsing takes longer than most commands: about nine seconds of processor time.
"""

import atexit
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from scripts.fingerprint import fingerprint
from scripts.settings import ROOT

# What the child process prints, with the exit code, after the output of a command.
END_OF_COMMAND = "\x04glasshouse exit code "


class DbtProcess:
    """A child process for one state of the project's files and of the environment."""

    def __init__(
        self, project: Path, variables: Sequence[str], environment: dict[str, str]
    ) -> None:
        self.inputs_hash = inputs_hash(project, variables, environment)
        command = [sys.executable, "-m", "scripts.stack.dbt.worker", _files_hash(project)]
        command += ["--target=warehouse"]
        command += [f"--project-dir={project}", f"--profiles-dir={project}", *variables]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, text=True, errors="replace",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def run(
        self, arguments: Sequence[str], environment: dict[str, str], on_line: Callable[[str], None]
    ) -> int:
        """Run a dbt command; calls `on_line` for each line of output, returns the exit code."""
        assert self.process.stdin and self.process.stdout
        command = {"arguments": list(arguments), "environment": environment}
        self.process.stdin.write(f"{json.dumps(command)}\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith(END_OF_COMMAND):
                return int(line.removeprefix(END_OF_COMMAND))
            on_line(line)
        return self.process.wait() or 2

    def stop(self) -> None:
        """End the child process."""
        self.process.terminate()
        self.process.wait()


_running: list[DbtProcess] = []


def start_dbt(project: Path, variables: Sequence[str], environment: dict[str, str]) -> DbtProcess:
    """The running child process for these inputs; a new one if there is none."""
    inputs = inputs_hash(project, variables, environment)
    if _running and _running[0].inputs_hash == inputs and _running[0].process.poll() is None:
        return _running[0]
    stop_dbt()
    _running.append(DbtProcess(project, variables, environment))
    return _running[0]


def inputs_hash(project: Path, variables: Sequence[str], environment: dict[str, str]) -> str:
    """A hash of what the result of parsing depends on."""
    # dbt evaluates env_var() while it parses; dbt/ reads only variables with this prefix.
    values = sorted(item for item in environment.items() if item[0].startswith("GLASSHOUSE_"))
    parts = (_files_hash(project), values, variables)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _files_hash(project: Path) -> str:
    return fingerprint(project, project.parent / "udf" / "functions")


@atexit.register
def stop_dbt() -> None:
    """End the child process, if there is one."""
    while _running:
        _running.pop().stop()
