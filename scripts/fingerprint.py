"""Whether files are the same as last time."""

import hashlib
from pathlib import Path

# What tools write beside the files is none of them; exposures are notes about the dashboards.
IGNORED = {"__pycache__", "target", "logs", "dbt_packages", ".user.yml", "exposures.yml"}


def fingerprint(*folders: Path) -> str:
    """One hash over the names and contents of all files in the folders."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and IGNORED.isdisjoint(path.relative_to(folder).parts):
                digest.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()
