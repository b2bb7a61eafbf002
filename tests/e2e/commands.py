"""`glasshouse` commands of a clone, run in forks of one process."""

import os
import sys
from pathlib import Path

from scripts.settings import template_keys
from tests.fork_server import ForkServer

PRELOADED = (
    "scripts.assets.checks.charts",
    "scripts.assets.checks.report",
    "scripts.assets.sync.prune",
    "scripts.assets.sync.pull",
    "scripts.assets.sync.push",
)


def environment(more: dict[str, str]) -> dict[str, str]:
    """The environment of a newcomer. The tools are this run's own, which were made by the same
    launcher; GLASSHOUSE_FRESH_TOOLS=1 has each copy make them anew.
    """
    values = {key: value for key, value in os.environ.items() if key not in template_keys()}
    if values.get("GLASSHOUSE_FRESH_TOOLS") != "1":
        values["GLASSHOUSE_VENV"] = sys.prefix
    return values | more


class Commands(ForkServer):
    """Runs `glasshouse` commands of the clone in `root`."""

    def __init__(self, root: Path, env: dict[str, str]) -> None:
        super().__init__(root, env, "scripts.cli:main", PRELOADED)
