"""The libraries in the server's Python and their versions."""

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import numpy as np
import sklearn
import skops

import glasshouse_ml
from glasshouse_ml.core.errors import GlasshouseError

LIBRARIES = {
    "glasshouse_ml": glasshouse_ml.build(),
    "numpy": np.__version__,
    "python": platform.python_version(),
    "scikit-learn": sklearn.__version__,
    "skops": skops.__version__,
}
# Optional libraries, and the packages that may provide them.
EXTRAS = {"lightgbm": ("lightgbm",), "xgboost": ("xgboost-cpu", "xgboost")}


@cache
def is_installed(library: str) -> bool:
    """Whether the server's Python has the library, which is not imported."""
    return find_spec(library) is not None


def missing_library_error(library: str) -> GlasshouseError:
    """The error for an optional library that is missing."""
    return GlasshouseError(
        f"{library} is not installed in the Python of the database server.",
        f"Write ML_EXTRAS={library} into .env and run make up; docs/training.md says more.",
    )


def library_versions(*algorithms: str) -> dict[str, str]:
    """The versions of all libraries that these algorithms use."""
    installed = dict(LIBRARIES)
    for name in sorted(set(algorithms) & EXTRAS.keys()):
        for package in EXTRAS[name]:
            try:
                installed.setdefault(name, version(package))
            except PackageNotFoundError:
                continue
    return installed
