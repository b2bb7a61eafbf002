"""Selects the source that `make load-shop` names, and parses its settings."""

import difflib
import os
import re
from pathlib import Path

from scripts.errors import UserError
from scripts.examples.shop.loading import Source

NAMES = ("simulator", "online_retail", "classicmodels")
MIN_LINES, MAX_LINES = 1_000, 100_000_000
UNITS = {"": 1, "k": 1_000, "m": 1_000_000}


def select_source(name: str, path: str = "", size: str = "", seed: str = "") -> Source:
    """The source `name` with its settings; raises UserError if they do not fit together."""
    if name not in NAMES:
        matches = difflib.get_close_matches(name, NAMES, n=1)
        raise UserError(
            f'There is no source "{name}"',
            f"choose {matches[0]}" if matches else f"choose one of {', '.join(NAMES)}",
        )
    if name == "simulator":
        if path:
            raise UserError(
                "The simulator reads no files", "leave FILES out, or use FROM=online_retail"
            )
        return _simulator(size, seed)
    if size or seed:
        raise UserError(
            f"SIZE and SEED are settings of the simulator, not of {name}", "leave them out"
        )
    return _files(name, Path(path).expanduser() if path else _default_folder(name))


def _files(name: str, path: Path) -> Source:
    from scripts.examples.shop.files.classicmodels import classicmodels
    from scripts.examples.shop.files.online_retail import online_retail

    return {"online_retail": online_retail, "classicmodels": classicmodels}[name](path)


def _default_folder(name: str) -> Path:
    """The folder with the source's name in $GLASSHOUSE_DATA."""
    folder = os.environ.get("GLASSHOUSE_DATA")
    if not folder:
        raise UserError(
            f"The folder of the files of {name} is not known",
            "set FILES to it, or $GLASSHOUSE_DATA to the folder above it",
        )
    return Path(folder) / name


def _simulator(size: str, seed: str) -> Source:
    from scripts.examples.shop.simulator.source import DEFAULT_SEED, DEFAULT_SIZE, Simulator

    if seed and not seed.isdigit():
        raise UserError(f'SEED="{seed}" is not a whole number', "write SEED=7, or leave it out")
    return Simulator(
        seed=int(seed) if seed else DEFAULT_SEED, size=order_lines(size) if size else DEFAULT_SIZE
    )


def order_lines(size: str) -> int:
    """Parse a number of order lines such as `80k`, `10m` or `500_000`."""
    match = re.fullmatch(r"([\d_,]*\d(?:\.\d+)?)\s*([km]?)", size.strip().lower())
    number = float(re.sub("[_,]", "", match[1])) * UNITS[match[2]] if match else 0
    if not MIN_LINES <= number <= MAX_LINES:
        raise UserError(
            f'SIZE="{size}" is not a number of order lines from {MIN_LINES:,} to {MAX_LINES:,}',
            "write it like SIZE=80k or SIZE=10m",
        )
    return round(number)
