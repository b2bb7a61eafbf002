"""Which source a command means, and its settings in words people use."""

import difflib
import os
import re
from pathlib import Path

from scripts.errors import UserError
from scripts.examples.shop.loading import Source

NAMES = ("simulator", "online_retail", "classicmodels")
SMALLEST, LARGEST = 1_000, 100_000_000
UNITS = {"": 1, "k": 1_000, "m": 1_000_000}


def choose(name: str, path: str = "", size: str = "", seed: str = "") -> Source:
    """The source of that name with these settings; what does not fit together is refused."""
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, n=1)
        raise UserError(
            f'There is no source "{name}"',
            f"choose {near[0]}" if near else f"choose one of {', '.join(NAMES)}",
        )
    if name == "simulator":
        if path:
            raise UserError(
                "The simulator reads no files", "leave FILES out, or choose FROM=online_retail"
            )
        return _simulator(size, seed)
    if size or seed:
        raise UserError(f"SIZE and SEED are the simulator's, not {name}'s", "leave them out")
    return _files(name, Path(path).expanduser() if path else _beside(name))


def _files(name: str, path: Path) -> Source:
    from scripts.examples.shop.files.classicmodels import classicmodels
    from scripts.examples.shop.files.online_retail import online_retail

    return {"online_retail": online_retail, "classicmodels": classicmodels}[name](path)


def _beside(name: str) -> Path:
    """Where the files are when nothing is said: a folder of the source's name."""
    folder = os.environ.get("GLASSHOUSE_DATA")
    if not folder:
        raise UserError(
            f"Nothing says where the files of {name} are",
            "FILES=folder, or the folder above it in $GLASSHOUSE_DATA",
        )
    return Path(folder) / name


def _simulator(size: str, seed: str) -> Source:
    from scripts.examples.shop.simulator.source import DEFAULT_SEED, DEFAULT_SIZE, Simulator

    if seed and not seed.isdigit():
        raise UserError(f'SEED="{seed}" is not a whole number', "write SEED=7, or leave it out")
    return Simulator(
        seed=int(seed) if seed else DEFAULT_SEED, size=lines(size) if size else DEFAULT_SIZE
    )


def lines(size: str) -> int:
    """`80k`, `10m`, `500_000`: a number of order lines."""
    found = re.fullmatch(r"([\d_,]*\d(?:\.\d+)?)\s*([km]?)", size.strip().lower())
    number = float(re.sub("[_,]", "", found[1])) * UNITS[found[2]] if found else 0
    if not SMALLEST <= number <= LARGEST:
        raise UserError(
            f'SIZE="{size}" is not a number of order lines from {SMALLEST:,} to {LARGEST:,}',
            "write it like SIZE=80k or SIZE=10m",
        )
    return round(number)
