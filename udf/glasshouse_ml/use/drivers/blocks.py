"""Which dimensions are counted together, so that few groups of few rows give every slice.

Counting the rows once for each set of dimensions would read them 41 times for six dimensions. The
rows are therefore counted by larger sets, the blocks, and the small tables that result are summed
for the sets within.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import prod

# Cells of one block: enough to hold most data in one block, few enough for memory.
MAX_CELLS = 200_000


@dataclass(frozen=True)
class Block:
    """Positions of dimensions, and the sets of them that are summed from its cells."""

    dimensions: tuple[int, ...]
    subsets: Sequence[tuple[int, ...]]


def choose_blocks(sizes: Sequence[int], max_order: int, max_cells: int = MAX_CELLS) -> list[Block]:
    """Blocks that hold each set of at most max_order dimensions once, the empty set included.

    A set joins the block that grows least by it, within max_cells; a set of more cells than that
    has a block of its own. sizes: the number of values of each dimension.
    """
    everything = range(len(sizes))
    if prod(sizes) <= max_cells:
        subsets = [
            subset
            for order in range(min(max_order, len(sizes)) + 1)
            for subset in combinations(everything, order)
        ]
        return [Block(tuple(everything), subsets)]

    def cells(dimensions: frozenset[int]) -> int:
        return prod(sizes[position] for position in dimensions)

    groups: list[frozenset[int]] = []
    # Sets of the highest order first: those of lower order are then within one of them.
    for subset in map(frozenset, combinations(everything, min(max_order, len(sizes)))):
        if any(subset <= group for group in groups):
            continue
        joined = [(cells(group | subset), place) for place, group in enumerate(groups)]
        least, place = min(joined, default=(max_cells + 1, -1))
        if least <= max_cells:
            groups[place] |= subset
        else:
            groups.append(subset)
    members: list[list[tuple[int, ...]]] = [[] for _ in groups]
    for order in range(min(max_order, len(sizes)) + 1):
        for chosen in combinations(everything, order):
            holding = [place for place, group in enumerate(groups) if set(chosen) <= group]
            members[min(holding, key=lambda place: cells(groups[place]))].append(chosen)
    return [
        Block(tuple(sorted(group)), subsets)
        for group, subsets in zip(groups, members, strict=True)
        if subsets
    ]
