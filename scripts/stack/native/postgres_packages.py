"""PostgreSQL with PL/Python: finds the installed version, or installs the packages."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.bootstrap import apt
from scripts.errors import UserError

INSTALLED = Path("/usr/lib/postgresql")
SHARED = Path("/usr/share/postgresql")


@dataclass(frozen=True)
class Postgres:
    """One PostgreSQL version on this machine."""

    major: int

    @property
    def programs(self) -> Path:
        """The folder with initdb, pg_ctl and postgres."""
        return INSTALLED / str(self.major) / "bin"

    @property
    def plpython(self) -> Path:
        """The library that runs Python inside the server."""
        return INSTALLED / str(self.major) / "lib" / "plpython3.so"

    @property
    def complete(self) -> bool:
        """Whether both the server and PL/Python are installed."""
        return (self.programs / "initdb").exists() and self.plpython.exists()

    @property
    def packages(self) -> list[str]:
        """Debian's package names of the server and PL/Python."""
        return [f"postgresql-{self.major}", f"postgresql-plpython3-{self.major}"]

    def has_extension(self, name: str) -> bool:
        """Whether an extension is installed beside the server."""
        return (SHARED / str(self.major) / "extension" / f"{name}.control").exists()

    def python_version(self) -> str:
        """The Python that PL/Python is linked against, such as 3.11."""
        libraries = subprocess.run(["ldd", self.plpython], capture_output=True, text=True).stdout
        match = re.search(r"libpython(3\.\d+)", libraries)
        if not match:
            raise UserError(
                f"{self.plpython} is not linked against a Python that this machine has",
                f"reinstall {self.packages[1]}",
            )
        return match.group(1)


def installed_postgres(data: Path) -> Postgres | None:
    """The PostgreSQL that made `data`, or else the newest complete one; None if there is none."""
    data_major = _major_of(data)
    majors = [int(path.name) for path in INSTALLED.glob("*") if path.name.isdigit()]
    candidates = [Postgres(major) for major in sorted(majors, reverse=True)]
    return next(
        (each for each in candidates if each.complete and data_major in (None, each.major)), None
    )


def require_postgres(data: Path, log: Path) -> Postgres:
    """The PostgreSQL to use; its packages are installed if they are missing."""
    server = installed_postgres(data)
    if server is None:
        server = Postgres(_major_of(data) or _major_to_install(log))
        with _no_default_cluster(apt.privileges(server.packages)):
            apt.install(server.packages, log)
    require_python(server.python_version(), log)
    return server


def require_python(version: str, log: Path) -> Path:
    """The interpreter of PL/Python's Python version, installed if only its library is there."""
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
    """The version of an incomplete installation, or else the one of the distribution."""
    majors = [int(path.name) for path in INSTALLED.glob("*") if (path / "bin" / "initdb").exists()]
    if majors:
        return max(majors)
    names = ["postgresql", "postgresql-plpython3-<version>"]
    apt.update(log, apt.privileges(names))
    command = ["apt-cache", "depends", "postgresql"]
    listing = subprocess.run(command, capture_output=True, text=True).stdout
    match = re.search(r"Depends: postgresql-(\d+)", listing)
    if not match:
        raise UserError(
            "apt does not find the package postgresql",
            "add the distribution's main archive to apt's sources",
        )
    return int(match.group(1))


@contextmanager
def _no_default_cluster(prefix: list[str]) -> Iterator[None]:
    """Prevent Debian's package from making and starting a cluster during the block."""
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
