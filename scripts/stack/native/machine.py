"""What the machine itself must offer: PostgreSQL with PL/Python."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.bootstrap import apt
from scripts.errors import UserError

INSTALLED = Path("/usr/lib/postgresql")


@dataclass(frozen=True)
class Postgres:
    """One installed PostgreSQL."""

    major: int

    @property
    def programs(self) -> Path:
        """The folder of initdb, pg_ctl and postgres."""
        return INSTALLED / str(self.major) / "bin"

    @property
    def plpython(self) -> Path:
        """The library that runs Python inside the server."""
        return INSTALLED / str(self.major) / "lib" / "plpython3.so"

    @property
    def complete(self) -> bool:
        """Whether both the server and PL/Python are there."""
        return (self.programs / "initdb").exists() and self.plpython.exists()

    @property
    def packages(self) -> list[str]:
        """Debian's names for both."""
        return [f"postgresql-{self.major}", f"postgresql-plpython3-{self.major}"]

    def python_version(self) -> str:
        """The Python that PL/Python is linked against, such as 3.11."""
        linked = subprocess.run(["ldd", self.plpython], capture_output=True, text=True).stdout
        found = re.search(r"libpython(3\.\d+)", linked)
        if not found:
            raise UserError(
                f"{self.plpython} is not linked against a Python that this machine has",
                f"reinstall {self.packages[1]}",
            )
        return found.group(1)


def postgres(data: Path) -> Postgres | None:
    """The PostgreSQL to use: the one that made `data`, else the newest complete one."""
    made_by = _major_of(data)
    majors = [int(path.name) for path in INSTALLED.glob("*") if path.name.isdigit()]
    candidates = [Postgres(major) for major in sorted(majors, reverse=True)]
    return next(
        (each for each in candidates if each.complete and made_by in (None, each.major)), None
    )


def require_postgres(data: Path, log: Path) -> Postgres:
    """The PostgreSQL to use, installed where it is missing."""
    found = postgres(data)
    if found is None:
        wanted = Postgres(_major_of(data) or _major_to_install(log))
        with _without_a_cluster(apt.privileges(wanted.packages)):
            apt.install(wanted.packages, log)
        found = wanted
    require_python(found, log)
    return found


def require_python(server: Postgres, log: Path) -> Path:
    """The interpreter of PL/Python's version, installed where only its library is there."""
    version = server.python_version()
    interpreter = Path(f"/usr/bin/python{version}")
    if not interpreter.exists():
        apt.install([f"python{version}"], log)
    return interpreter


def _major_of(data: Path) -> int | None:
    try:
        return int((data / "PG_VERSION").read_text())
    except (OSError, ValueError):
        return None


def _major_to_install(log: Path) -> int:
    """Half an installation is completed; otherwise the distribution's own version is taken."""
    majors = [int(path.name) for path in INSTALLED.glob("*") if (path / "bin" / "initdb").exists()]
    if majors:
        return max(majors)
    names = ["postgresql", "postgresql-plpython3-<version>"]
    apt.update(log, apt.privileges(names))
    shown = subprocess.run(["apt-cache", "depends", "postgresql"], capture_output=True, text=True)
    found = re.search(r"Depends: postgresql-(\d+)", shown.stdout)
    if not found:
        raise UserError(
            "apt knows no package postgresql", "add Debian's main archive to apt's sources"
        )
    return int(found.group(1))


@contextmanager
def _without_a_cluster(prefix: list[str]) -> Iterator[None]:
    """Keep Debian from making and starting a cluster of its own while the package is installed."""
    folder = "/etc/postgresql-common/createcluster.d"
    file = f"{folder}/glasshouse-installation.conf"
    subprocess.run([*prefix, "mkdir", "-p", folder], check=True)
    subprocess.run(
        [*prefix, "tee", file], input=b"create_main_cluster = false\n", stdout=subprocess.DEVNULL
    ).check_returncode()
    try:
        yield
    finally:
        subprocess.run([*prefix, "rm", "-f", file])
