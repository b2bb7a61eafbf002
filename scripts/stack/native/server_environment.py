"""The Python environment of the database server: the libraries of udf's lock and our package."""

import shutil
from pathlib import Path

from scripts.bootstrap import environments, system_libraries, uv
from scripts.fingerprint import fingerprint
from scripts.settings import Settings
from scripts.stack.extras import extras
from scripts.stack.paths import Paths
from scripts.stack.processes import process_tag

PACKAGE = "glasshouse_ml"
# Shared libraries of the system that the wheel of an extra library loads.
SYSTEM_LIBRARIES = {"lightgbm": ["gomp"]}


def make_current(settings: Settings, python: str) -> str:
    """Make the environment match udf/; returns what was done.

    `python`: the version of Python that PL/Python runs, such as 3.11.
    """
    paths = Paths(settings.state)
    lock = settings.root / "udf" / "requirements.lock"
    names = extras(settings)
    extra_locks = [settings.root / "udf" / f"requirements.{name}.lock" for name in names]
    log = paths.logs / "install.log"
    for name in names:
        system_libraries.require(SYSTEM_LIBRARIES.get(name, []), log)
    changes = []
    if not environments.is_current(paths.server_environment, lock, extra_locks):
        environments.make(
            paths.server_environment,
            lock,
            python=f"/usr/bin/python{python}",
            uv_program=uv.find(settings.state)
            or uv.fetch(settings.state, settings.root / "requirements.lock", log),
            log=log,
            extra_variables=process_tag(settings.state, "tool"),
            extra_locks=extra_locks,
        )
        changes.append("libraries installed")
    site_packages = paths.server_environment / "lib" / f"python{python}" / "site-packages"
    if _copy_package(settings.root / "udf" / PACKAGE, site_packages):
        changes.append("package copied")
    return ", ".join(changes) or "up to date"


def _copy_package(source: Path, site_packages: Path) -> bool:
    """Copy the package beside the libraries; False if the copy is up to date.

    The server imports a copy because an edit must not change a running query, and because the
    server's user may not be able to read the project.
    """
    if not source.is_dir():
        return False
    target, hash_file = site_packages / PACKAGE, site_packages / f"{PACKAGE}.sha256"
    source_hash = fingerprint(source)
    if hash_file.exists() and hash_file.read_text() == source_hash and target.exists():
        return False
    hash_file.unlink(missing_ok=True)
    draft = site_packages / f".{PACKAGE}.new"
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(source, draft, ignore=shutil.ignore_patterns("__pycache__"))
    _make_readable(draft)
    shutil.rmtree(target, ignore_errors=True)
    draft.rename(target)
    hash_file.write_text(source_hash)
    return True


def _make_readable(folder: Path) -> None:
    """Let every user read the folder."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
