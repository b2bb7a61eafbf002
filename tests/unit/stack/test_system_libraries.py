"""Shared libraries that wheels load: the missing ones are installed, or named in the error."""

from pathlib import Path

import pytest

from scripts.bootstrap import BootstrapError, system_libraries
from scripts.stack.extras import EXTRAS
from scripts.stack.native.server_environment import SYSTEM_LIBRARIES


class Machine:
    """A machine that has some libraries, and an apt that installs packages or does nothing."""

    def __init__(self, libraries: set[str], apt_works: bool = True) -> None:
        self.libraries = libraries
        self.apt_works = apt_works
        self.packages: list[str] = []

    def find_library(self, name: str) -> str | None:
        return f"lib{name}.so.1" if name in self.libraries else None

    def install(self, packages: list[str], log: Path) -> None:
        self.packages += packages
        if self.apt_works:
            self.libraries |= {k for k, v in system_libraries.PACKAGES.items() if v in packages}


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch):
    def use(machine: Machine) -> Machine:
        monkeypatch.setattr(system_libraries, "find_library", machine.find_library)
        monkeypatch.setattr(system_libraries.apt, "install", machine.install)
        return machine

    return use


def test_only_missing_libraries_are_installed(use, tmp_path: Path) -> None:
    machine = use(Machine({"atomic"}))
    system_libraries.require(["gomp", "atomic"], tmp_path / "log")
    assert machine.packages == ["libgomp1"]


def test_nothing_is_installed_when_all_are_present(use, tmp_path: Path) -> None:
    machine = use(Machine({"gomp"}, apt_works=False))
    system_libraries.require(["gomp"], tmp_path / "log")
    assert machine.packages == []


def test_library_missing_after_installation_is_error(use, tmp_path: Path) -> None:
    use(Machine(set(), apt_works=False))
    with pytest.raises(BootstrapError, match="does not find libgomp"):
        system_libraries.require(["gomp"], tmp_path / "log")


def test_every_library_of_extra_has_package() -> None:
    assert SYSTEM_LIBRARIES.keys() <= set(EXTRAS)
    names = {name for libraries in SYSTEM_LIBRARIES.values() for name in libraries}
    assert names and names <= system_libraries.PACKAGES.keys()
