"""Shared libraries that Python wheels load and that a minimal Debian does not contain."""

from collections.abc import Iterable
from ctypes.util import find_library
from pathlib import Path

from scripts.bootstrap import BootstrapError, apt

# Name of the shared library, as a linker option -l takes it -> Debian package.
PACKAGES = {
    # OpenMP, for LightGBM. The wheels of scikit-learn and XGBoost contain a copy of their own.
    "gomp": "libgomp1",
    # For the Node that drives the browser (Playwright).
    "atomic": "libatomic1",
}


def require(libraries: Iterable[str], log: Path) -> None:
    """Install the `libraries` (keys of PACKAGES) that are missing; apt's output goes to `log`."""
    missing = [library for library in libraries if not find_library(library)]
    if not missing:
        return
    packages = [PACKAGES[library] for library in missing]
    apt.install(packages, log)
    if not all(map(find_library, missing)):
        raise BootstrapError(
            f"The dynamic linker does not find {', '.join(f'lib{each}' for each in missing)}",
            f"see {log} and reinstall {' '.join(packages)}",
        )
