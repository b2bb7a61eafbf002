"""Runs a program in forks of one process, so that its code is imported once.

A process that has imported the code forks for each run. A run therefore starts from the same state
as in a process of its own, and saves the CPU time of the imports: two seconds for dbt.
"""

import importlib
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path


class ForkServer:
    """The process that forks, as its caller sees it.

    `entry`: module and function of the program, such as "scripts.cli:main". `modules`: modules
    that the program imports when it needs them.
    """

    def __init__(
        self, root: Path, env: dict[str, str], entry: str, modules: Sequence[str] = ()
    ) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.fork_server", entry, *modules],
            cwd=root,
            env=env,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def run(
        self, words: Sequence[str], env: dict[str, str], cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the program with these arguments in this environment, without standard input."""
        with tempfile.TemporaryDirectory() as folder:
            out, err = Path(folder, "out"), Path(folder, "err")
            request = {"words": words, "env": env, "out": str(out), "err": str(err)}
            request["cwd"] = str(cwd) if cwd else None
            assert self._server.stdin and self._server.stdout
            print(json.dumps(request), file=self._server.stdin, flush=True)
            code = self._server.stdout.readline()
            assert code, "the process that runs the commands has ended"
            return subprocess.CompletedProcess(words, int(code), out.read_text(), err.read_text())

    def close(self) -> None:
        """End the process."""
        self._server.communicate(timeout=60)


def serve(entry: str, modules: Sequence[str]) -> None:
    """Fork for each request on standard input; write the exit code of its run."""
    for module in (entry.partition(":")[0], *modules):
        importlib.import_module(module)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            execute(entry, **json.loads(line))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def execute(
    entry: str, words: list[str], env: dict[str, str], out: str, err: str, cwd: str | None
) -> None:
    """Run the program in the child; does not return."""
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd or ".")
    for number, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, out, os.O_WRONLY | os.O_CREAT),
        (2, err, os.O_WRONLY | os.O_CREAT),
    ):
        os.dup2(os.open(path, flags), number)
    sys.stdin = os.fdopen(0)
    module, _, function = entry.partition(":")
    sys.argv = [module.partition(".")[0], *words]
    code: object = 1
    try:
        code = getattr(importlib.import_module(module), function)()
    except SystemExit as done:
        code = done.code
    except BaseException:
        traceback.print_exc()
    sys.exit(code)


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2:])
