"""Machine learning inside PostgreSQL: the work behind the functions of schema ml."""

import hashlib
from pathlib import Path

__version__ = "0.7.0"


def build() -> str:
    """The version and a short hash of the package's source.

    Another build may train another model on the same rows, so it counts as a change of settings.
    """
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for path in sorted(here.rglob("*.py")):
        name = path.relative_to(here).as_posix()
        digest.update(name.encode() + b"\0" + path.read_bytes())
    return f"{__version__}+{digest.hexdigest()[:8]}"
