"""Hyperparameter search: the settings that are tried, and those that are dropped early.

A halving search fits all settings on few of the rows, keeps the better third, gives these three
times the rows, and so on: successive halving (Jamieson and Talwalkar, 2016). Only settings that
were fitted on all rows can win.
"""

import json
from collections.abc import Callable, Iterable
from itertools import product
from math import exp, floor, log
from typing import Any

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.validation import check_keys, is_number, is_whole_number

# A larger search would take days.
MAX_SETTINGS = 1_000
# The settings of a search of ranges when the request names no number.
DEFAULT_ITERATIONS = 20
# A halving search keeps one in so many, and gives it so many times the rows.
FACTOR = 3
# With fewer rows the comparison of settings is mostly chance.
MIN_ROWS = 200
_EXAMPLE = (
    'Write for example {"learning_rate": [0.03, 0.1], '
    '"max_depth": {"low": 2, "high": 8, "integer": true}}.'
)

Settings = list[dict[str, Any]]


def validate_search(search: Any, algorithm: str, params: dict[str, Any]) -> dict[str, Any]:
    """The search of one algorithm, or an error that says what is wrong with it."""
    if not isinstance(search, dict) or not search:
        raise GlasshouseError(f"search of {algorithm} is no JSON object.", _EXAMPLE)
    for name, space in search.items():
        where = f"search of {algorithm}: {name}"
        if name in params:
            raise GlasshouseError(f"{where} is in params too.", "Leave it out of one of them.")
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


def search_settings(search: dict[str, Any], options: dict[str, Any]) -> Settings:
    """Every setting that a search tries; the same seed gives the same settings."""
    search_options = options["search"] or {}
    lists = all(isinstance(space, list) for space in search.values())
    size = int(np.prod([len(space) for space in search.values()], dtype=float)) if lists else None
    method = search_options.get("how") or (
        "grid" if size is not None and size <= DEFAULT_ITERATIONS else "random"
    )
    if method == "grid":
        return _grid(search, size)
    iterations = search_options.get("iterations") or DEFAULT_ITERATIONS
    rng = np.random.default_rng(options["seed"])
    settings: dict[str, dict[str, Any]] = {}
    # A small space repeats settings, and each is tried once.
    for _ in range(20 * iterations):
        setting = {name: _draw(space, rng) for name, space in search.items()}
        settings.setdefault(json.dumps(setting, sort_keys=True), setting)
        if len(settings) == iterations:
            break
    return list(settings.values())


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
    # Each whole number gets an interval of width 1, so that the ends are as likely as the others.
    bounds = (low, high + 1) if integer else (low, high)
    if space.get("log"):
        value = exp(rng.uniform(log(bounds[0]), log(bounds[1])))
    else:
        value = rng.uniform(*bounds)
    # Four digits are enough for a parameter.
    return min(floor(value), high) if integer else float(f"{value:.4g}")


def halving_shares(count: int, rows: int) -> list[float]:
    """The share of the rows in each round of a halving search of so many settings."""
    rounds = 0
    while FACTOR ** (rounds + 1) <= count and rows / FACTOR ** (rounds + 1) >= MIN_ROWS:
        rounds += 1
    return [FACTOR**-later_rounds for later_rounds in range(rounds, -1, -1)]


def successive_halving(
    entrants: Iterable[Any], evaluate: Callable[[Any, float], float], rows: int
) -> None:
    """Evaluate entrants on ever more rows; evaluate() returns a gain, of which more is better."""
    remaining = list(entrants)
    for share in halving_shares(len(remaining), rows):
        gains = [evaluate(entrant, share) for entrant in remaining]
        ranking = np.argsort([-gain for gain in gains], kind="stable")
        survivors = sorted(ranking[: -(-len(remaining) // FACTOR)])
        remaining = [remaining[position] for position in survivors]


def subsample(labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Positions of a share of the rows, in their order, with the same share of each label."""
    if share >= 1:
        return np.arange(len(labels))
    rng = np.random.default_rng(seed)
    rank = np.empty(len(labels))
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        rank[members] = (np.arange(len(members)) + 0.5) / len(members)
    return np.sort(np.argsort(rank, kind="stable")[: max(2, round(share * len(labels)))])
