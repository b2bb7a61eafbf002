"""The search for parameters: which settings are tried, and which are given up early.

A halving search tries all settings on few of the rows, keeps the better third, gives these three
times the rows, and so on: successive halving (Jamieson and Talwalkar 2016). Only settings that were
tried on all rows can win.
"""

import json
from collections.abc import Callable, Iterable
from itertools import product
from math import exp, floor, log
from typing import Any

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.validation import check_keys, is_number, is_whole_number

# More settings than anybody waits for.
MAX_SETTINGS = 1_000
# What a search of ranges tries when the caller gives no number.
ITERATIONS = 20
# A halving search keeps one in so many, and gives it so many times the rows.
FACTOR = 3
# With fewer rows to learn from, which setting is better is chance.
LEAST_ROWS = 200
_EXAMPLE = (
    'Write for example {"learning_rate": [0.03, 0.1], '
    '"max_depth": {"low": 2, "high": 8, "integer": true}}.'
)

Settings = list[dict[str, Any]]


def check(search: Any, algorithm: str, params: dict[str, Any]) -> dict[str, Any]:
    """The search of one algorithm as it was asked for, or an error that says what is wrong."""
    if not isinstance(search, dict) or not search:
        raise GlasshouseError(f"search of {algorithm} is no JSON object.", _EXAMPLE)
    for name, space in search.items():
        where = f"search of {algorithm}: {name}"
        if name in params:
            raise GlasshouseError(f"{where} stands in params too.", "Leave it out of one of them.")
        if isinstance(space, list) and space:
            continue
        if not isinstance(space, dict) or not {"low", "high"} <= set(space):
            raise GlasshouseError(
                f"{where} is neither a list of values nor a range with low and high.", _EXAMPLE
            )
        check_keys(space, ("low", "high", "integer", "log"), where)
        low, high = space["low"], space["high"]
        if not (is_number(low) and is_number(high) and low < high):
            raise GlasshouseError(f"{where} has no low below its high.", _EXAMPLE)
        if space.get("integer") and not (is_whole_number(low) and is_whole_number(high)):
            raise GlasshouseError(f"{where} has ends that are no whole numbers.", _EXAMPLE)
        if space.get("log") and low <= 0:
            raise GlasshouseError(
                f"{where} begins at {low:g}, where there is no logarithm.", "Begin above 0."
            )
    return search


def settings(search: dict[str, Any], options: dict[str, Any]) -> Settings:
    """Every setting that a search tries, always the same for the same seed."""
    asked = options["search"] or {}
    lists = all(isinstance(space, list) for space in search.values())
    size = int(np.prod([len(space) for space in search.values()], dtype=float)) if lists else None
    how = asked.get("how") or ("grid" if size is not None and size <= ITERATIONS else "random")
    if how == "grid":
        return _grid(search, size)
    wanted = asked.get("iterations") or ITERATIONS
    rng = np.random.default_rng(options["seed"])
    found: dict[str, dict[str, Any]] = {}
    # Of a small space the same setting is drawn again and again: it is tried once.
    for _ in range(20 * wanted):
        drawn = {name: _draw(space, rng) for name, space in search.items()}
        found.setdefault(json.dumps(drawn, sort_keys=True), drawn)
        if len(found) == wanted:
            break
    return list(found.values())


def _grid(search: dict[str, Any], size: int | None) -> Settings:
    if size is None:
        name = next(name for name, space in search.items() if not isinstance(space, list))
        raise GlasshouseError(
            f"A grid has no values for the range of {name}.",
            'List its values, or search at random: options => \'{"search": {"how": "random"}}\'.',
        )
    if size > MAX_SETTINGS:
        raise GlasshouseError(
            f"The grid has {size} settings; {MAX_SETTINGS} are the most.",
            'List fewer values, or search at random: options => \'{"search": {"how": "random"}}\'.',
        )
    return [dict(zip(search, values, strict=True)) for values in product(*search.values())]


def _draw(space: Any, rng: np.random.Generator) -> Any:
    if isinstance(space, list):
        return space[rng.integers(len(space))]
    low, high = space["low"], space["high"]
    integer = space.get("integer", False)
    # A whole number gets the width around it, so that both ends are as likely as the others.
    ends = (low, high + 1) if integer else (low, high)
    value = exp(rng.uniform(*map(log, ends))) if space.get("log") else rng.uniform(*ends)
    # Digits beyond these nobody reads, and no model feels.
    return min(floor(value), high) if integer else float(f"{value:.4g}")


def shares(count: int, rows: int) -> list[float]:
    """The share of the rows in each round of a halving search of so many settings."""
    rounds = 0
    while FACTOR ** (rounds + 1) <= count and rows / FACTOR ** (rounds + 1) >= LEAST_ROWS:
        rounds += 1
    return [FACTOR**-left for left in range(rounds, -1, -1)]


def halve(entrants: Iterable[Any], trial: Callable[[Any, float], float], rows: int) -> None:
    """Try entrants on ever more rows; trial() tells how good one is, more being better."""
    left = list(entrants)
    for share in shares(len(left), rows):
        gains = [trial(entrant, share) for entrant in left]
        best = np.argsort([-gain for gain in gains], kind="stable")
        left = [left[place] for place in sorted(best[: -(-len(left) // FACTOR)])]


def fewer(labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Positions of a share of the rows, in their order, each label with its share of them."""
    if share >= 1:
        return np.arange(len(labels))
    rng = np.random.default_rng(seed)
    place = np.empty(len(labels))
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        place[members] = (np.arange(len(members)) + 0.5) / len(members)
    return np.sort(np.argsort(place, kind="stable")[: max(2, round(share * len(labels)))])
