"""The adapter of preset-cli, which runs as a program and is never imported.

Its known problems:
- it renders YAML as Jinja, and escapes what it exports, unless told not to;
- its options stand before the address of the server;
- it reads a password from the terminal; without one it reads standard input, so the program is
  started in a session of its own (no terminal) and the password never stands on a command line;
- a file that Superset refuses is reported as "unknown reason". The import of dashboards checks
  the same files first and names file and field, so that is asked for after a failure.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from scripts.errors import UserError
from scripts.settings import Settings

BUNDLE = "bundle"
_SECONDS = 600


class Importer:
    """An import by preset-cli, which can be started before the files are known.

    Loading its code takes most of the time; then it waits for its password. So it loads while other
    code queries the server. As a context manager it ends a process that was not needed.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stack = ExitStack()
        self._folder: Path | None = None

    def __enter__(self) -> "Importer":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(self) -> None:
        """Start the program, which loads its code; nothing is changed yet."""
        if self._folder is None:
            self._folder = self._stack.enter_context(_private_folder())
            command = [*_native(self._folder), "--overwrite"]
            self._finish = self._stack.enter_context(
                _started(command, self._folder, self._settings)
            )

    def sync(self, files: dict[str, str]) -> None:
        """Import a whole bundle (path → YAML text), all of it or nothing."""
        self.start()
        assert self._folder is not None
        for path, text in files.items():
            # preset-cli silently skips files whose name begins with _ or a dot.
            file = self._folder / BUNDLE / path.replace("/_", "/x_").replace("/.", "/x.")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        completed = self._finish()
        if completed.returncode == 0 and not _messages(completed.stdout):
            return
        # Without --overwrite nothing on the server can change while the reason is determined.
        check_command = [*_native(self._folder), "--asset-type", "dashboard"]
        reasons = _reasons(run(check_command, self._folder, self._settings).stdout)
        raise UserError(
            f"Superset refused the assets: {reasons or _last_line(completed)}",
            "fix the file; nothing was changed" if reasons else "see make logs",
        )


def _native(folder: Path) -> list[str]:
    return ["sync", "native", str(folder / BUNDLE), "--disable-jinja-templating"]


@contextmanager
def _private_folder() -> Iterator[Path]:
    # Mode 700, gone at the end: the bundle holds the password of the database.
    with tempfile.TemporaryDirectory(prefix="glasshouse-") as folder:
        yield Path(folder)


def run(command: list[str], folder: Path, settings: Settings) -> subprocess.CompletedProcess[str]:
    """Run preset-cli in a folder; the password is passed on standard input."""
    with _started(command, folder, settings) as finish:
        return finish()


@contextmanager
def _started(
    command: list[str], folder: Path, settings: Settings
) -> Iterator[Callable[[], subprocess.CompletedProcess[str]]]:
    """Start preset-cli, which waits for its password; the yielded function lets it finish."""
    program = Path(sys.executable).with_name("superset-cli")
    # `-p` without a value refers to the password; an option has to follow it.
    login = ["-u", str(settings.value("SUPERSET_ADMIN_USER")), "-p", "--loglevel", "ERROR"]
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "COLUMNS": "10000",
        "NO_PROXY": "*",
        "PYTHONWARNINGS": "ignore",
    }
    try:
        process = subprocess.Popen(
            [str(program), *login, settings.superset_url, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            # progress.log is written to the working directory, and skips files the next time.
            cwd=folder,
            env=environment,
            start_new_session=True,
            umask=0o077,
        )
    except FileNotFoundError:
        raise UserError("preset-cli is not installed", "make up installs it") from None

    def finish() -> subprocess.CompletedProcess[str]:
        password = f"{settings.value('SUPERSET_ADMIN_PASSWORD')}\n"
        try:
            output, errors = process.communicate(password, timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            raise UserError(
                f"preset-cli did not finish within {_SECONDS // 60} minutes", "see make logs"
            ) from None
        return subprocess.CompletedProcess(command, process.returncode, output, errors)

    with process:
        try:
            yield finish
        finally:
            # Ends a process that was not needed or has timed out.
            process.kill()


def _messages(output: str) -> list[dict]:
    """The errors of the server in preset-cli's output: one line of JSON each."""
    result = []
    for line in output.splitlines():
        if line.startswith('{"errors"'):
            try:
                result += json.loads(line)["errors"]
            except ValueError:
                continue
    return result


def _reasons(output: str) -> str:
    """file: field: message; … from the server's answer."""
    result = []
    for error in _messages(output):
        for file, fields in (error.get("extra") or {}).items():
            if file == "issue_codes" or not isinstance(fields, dict):
                continue
            result += [f"{file}: {field}: {_flat_text(why)}" for field, why in fields.items()]
    return "; ".join(result)


def _flat_text(why: object) -> str:
    """The texts in a nested answer, joined."""
    if isinstance(why, dict):
        return ", ".join(f"{key}: {_flat_text(value)}" for key, value in why.items())
    if isinstance(why, list):
        return " ".join(_flat_text(item) for item in why)
    return str(why).rstrip(".")


def _last_line(completed: subprocess.CompletedProcess[str]) -> str:
    """The last informative line of a failed run."""
    messages = [str(error.get("message")) for error in _messages(completed.stdout)]
    lines = [line.strip() for line in completed.stderr.splitlines() if line.strip()]
    text = messages[-1] if messages else lines[-1] if lines else "no reason given"
    return re.sub(r"\s+", " ", text)[:300]
