"""The Python the database server imports from: the libraries of udf's lock and our package."""

import shutil
from pathlib import Path

from scripts.bootstrap import environments, uv
from scripts.errors import UserError
from scripts.settings import Settings
from scripts.stack.fingerprint import fingerprint
from scripts.stack.native.machine import Postgres
from scripts.stack.native.processes import mark
from scripts.stack.paths import places

PACKAGE = "glasshouse_ml"
# Libraries that not everybody wants in the server, each with a lock of its own.
EXTRAS = ("lightgbm", "xgboost")


def make_current(settings: Settings, server: Postgres) -> str:
    """Have the environment match udf/; says what had to be done."""
    here = places(settings)
    lock = settings.root / "udf" / "requirements.lock"
    folder = here.server_environment
    done = []
    further = [settings.root / "udf" / f"requirements.{name}.lock" for name in extras(settings)]
    if not environments.is_current(folder, lock, further):
        log = here.logs / "install.log"
        program = uv.find(settings.state) or uv.fetch(
            settings.state, settings.root / "requirements.lock", log
        )
        python = f"/usr/bin/python{server.python_version()}"
        more = mark(settings.state, "tool")
        environments.make(folder, lock, python, program, log, more, further)
        done.append("libraries installed")
    if _copy_package(settings.root / "udf" / PACKAGE, _site_packages(folder, server)):
        done.append("package copied")
    return ", ".join(done) or "up to date"


def extras(settings: Settings) -> list[str]:
    """The extra libraries that ML_EXTRAS asks for; none where it says so or is not there."""
    said = (settings.value("ML_EXTRAS") or "none").replace(",", " ").split()
    for name in said:
        if name not in EXTRAS and said != ["none"]:
            raise UserError(
                f'.env: ML_EXTRAS cannot be "{" ".join(said)}"',
                f"write none, or of {', '.join(EXTRAS)} what you want",
            )
    return sorted(set(said) - {"none"})


def _site_packages(folder: Path, server: Postgres) -> Path:
    return folder / "lib" / f"python{server.python_version()}" / "site-packages"


def _copy_package(source: Path, site_packages: Path) -> bool:
    """Put a copy of the package beside the libraries; False where it is the same already.

    A copy: what is being edited must not change under a running query, and the server's user
    may not be able to read the project.
    """
    if not source.is_dir():
        return False
    target, stamp = site_packages / PACKAGE, site_packages / f"{PACKAGE}.sha256"
    wanted = fingerprint(source)
    if stamp.exists() and stamp.read_text() == wanted and target.exists():
        return False
    stamp.unlink(missing_ok=True)
    draft = site_packages / f".{PACKAGE}.new"
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(source, draft, ignore=shutil.ignore_patterns("__pycache__"))
    _let_everyone_read(draft)
    shutil.rmtree(target, ignore_errors=True)
    draft.rename(target)
    stamp.write_text(wanted)
    return True


def _let_everyone_read(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
