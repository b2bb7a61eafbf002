"""The Python of an existing server: its version, the engine's libraries, and where they belong."""

import inspect
import json
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
from packaging.requirements import Requirement
from psycopg2.extensions import cursor as Cursor

from scripts import fingerprint as fingerprint_module
from scripts.fingerprint import fingerprint
from scripts.settings import Settings
from scripts.stack.external.library_path import path_statements
from scripts.stack.extras import extras
from scripts.stack.paths import Paths

PACKAGE = "glasshouse_ml"
SUPPORTED_PYTHON = ("3.11", "3.12", "3.13")
# Where the libraries belong on a server whose disk this machine does not see.
REMOTE_FOLDER = "/opt/glasshouse"
# Runs in the server; the source of `fingerprint` is inserted, so that both sides hash alike.
PROBE = """
create function pg_temp.server_python(names text[]) returns text language plpython3u as $probe$
{statements}
import importlib.metadata, importlib.util, json, sys
{fingerprint}
def version(name):
    try:
        return importlib.metadata.version(name)
    except Exception:
        return None
spec = importlib.util.find_spec("{package}")
folder = Path(spec.origin).parent if spec and spec.origin else None
return json.dumps({{
    "python": "%d.%d" % sys.version_info[:2],
    "versions": {{name: version(name) for name in names}},
    "package": fingerprint(folder) if folder else None,
    "path": sys.path,
}})
$probe$
"""
# One line of a lock file: name==version, perhaps with a marker.
LOCKED = re.compile(r"^[A-Za-z0-9_.-]+==[^\\\n]+", re.M)


@dataclass(frozen=True)
class ServerPython:
    """What PL/Python of the server is and finds."""

    version: str
    # Libraries that are absent or have another version than the lock; text for the user.
    wrong_libraries: list[str]
    has_current_package: bool
    # The folders in which the server's Python looks for packages.
    path: list[str]

    @property
    def is_complete(self) -> bool:
        """Whether training and prediction can run."""
        return not self.wrong_libraries and self.has_current_package


def inspect_python(cursor: Cursor, settings: Settings, library_path: str) -> ServerPython:
    """Ask the server's Python; leaves nothing behind if the caller rolls back.

    `library_path`: the folder that the functions add to the path. A psycopg2.Error if PL/Python
    cannot start.
    """
    cursor.execute("create extension if not exists plpython3u")
    source = inspect.getsource(fingerprint_module)
    probe = PROBE.format(
        statements=path_statements(library_path), fingerprint=source, package=PACKAGE
    )
    cursor.execute(probe)
    cursor.execute("select pg_temp.server_python(%s)", [sorted(_names(settings))])
    answer: dict[str, Any] = json.loads(cursor.fetchone()[0])
    cursor.execute("drop function pg_temp.server_python(text[])")
    expected = locked_versions(settings, answer["python"])
    wrong = [
        f"{name} {answer['versions'][name] or 'missing'} (needs {version})"
        for name, version in expected.items()
        if answer["versions"][name] != version
    ]
    package = answer["package"] == fingerprint(settings.root / "udf" / PACKAGE)
    return ServerPython(answer["python"], wrong, package, answer["path"])


def locked_versions(settings: Settings, python: str) -> dict[str, str]:
    """Name and version of each library of udf's lock files, for a version of Python."""
    environment = {"python_full_version": f"{python}.0", "python_version": python}
    versions = {}
    for requirement in _requirements(settings):
        if requirement.marker is None or requirement.marker.evaluate(environment):
            versions[requirement.name] = next(iter(requirement.specifier)).version
    return versions


def lock_files(settings: Settings) -> list[Path]:
    """The lock files of the server's libraries."""
    folder = settings.root / "udf"
    names = ["requirements.lock", *(f"requirements.{name}.lock" for name in extras(settings))]
    return [folder / name for name in names]


def library_path(cursor: Cursor, settings: Settings, python: str) -> str:
    """The folder of the engine's libraries, as the server sees it."""
    return str(site_packages(library_root(cursor, settings), python))


def library_root(cursor: Cursor, settings: Settings) -> Path:
    """The Python environment on the server's disk: ours if the server reads our files."""
    paths = Paths(settings.state)
    if reads_our_files(cursor, paths.server_state):
        return paths.server_environment
    return Path(REMOTE_FOLDER)


def site_packages(environment: Path, python: str) -> Path:
    """The folder of an environment that holds the packages."""
    return environment / "lib" / f"python{python}" / "site-packages"


def reads_our_files(cursor: Cursor, folder: Path) -> bool:
    """Whether the server reads the files in `folder`: it runs on this machine, not in a container,
    and its user may enter the folder.
    """
    token = secrets.token_hex(16)
    file = folder / f"server-probe-{token}"
    file.write_text(token)
    file.chmod(0o644)
    cursor.execute("savepoint before_read")
    try:
        cursor.execute("select pg_read_file(%s, 0, 100, true)", [str(file)])
        return cursor.fetchone()[0] == token
    except psycopg2.Error:
        cursor.execute("rollback to before_read")
        return False
    finally:
        file.unlink(missing_ok=True)


def remote_commands(settings: Settings, python: str) -> list[str]:
    """The commands that put the libraries on the disk of a server elsewhere."""
    host = "SERVER" if settings.postgres_host.startswith("/") else settings.postgres_host
    options = " ".join(f"--requirement /tmp/udf/{file.name}" for file in lock_files(settings))
    target = site_packages(Path(REMOTE_FOLDER), python) / PACKAGE
    pack = f"tar --create --directory {settings.root} --exclude __pycache__ udf"
    return [
        f"{pack} | ssh {host} tar --extract --recursive-unlink --directory /tmp",
        f"ssh {host}",
        f"sudo apt-get install python{python}-venv",
        f"sudo python{python} -m venv {REMOTE_FOLDER}",
        f"sudo {REMOTE_FOLDER}/bin/pip install --require-hashes {options}",
        f"sudo rm -rf {target}",
        f"sudo cp -r /tmp/udf/{PACKAGE} {target}",
    ]


def _names(settings: Settings) -> set[str]:
    return {requirement.name for requirement in _requirements(settings)}


def _requirements(settings: Settings) -> list[Requirement]:
    texts = [file.read_text(encoding="utf-8") for file in lock_files(settings)]
    return [Requirement(line.strip()) for text in texts for line in LOCKED.findall(text)]
