"""Whether the first line of a file holds data instead of column names."""

from scripts.data.types import TYPES


def looks_like_data(rows: list[list[str]]) -> bool:
    """Whether the first row holds a number, date or truth value above others of the same type.

    Consecutive whole numbers (0, 1, 2 …) are names: many tools write them as a header.
    """
    first, rest = rows[0], [row for row in rows[1:] if len(row) == len(rows[0])]
    typed = [
        position for position, value in enumerate(first) if _type_of(value.strip()) is not None
    ]
    if not typed or _are_consecutive([first[position].strip() for position in typed]):
        return False
    if not rest:
        return len(typed) == len(first)
    return any(_agrees(position, rest) for position in typed)


def _type_of(value: str) -> str | None:
    return next((name for name, canonical in TYPES.items() if value and canonical(value)), None)


def _agrees(position: int, rows: list[list[str]]) -> bool:
    values = [row[position].strip() for row in rows if row[position].strip()]
    return bool(values) and all(map(_type_of, values))


def _are_consecutive(values: list[str]) -> bool:
    if len(values) < 2 or not all(value.isdigit() for value in values):
        return False
    numbers = list(map(int, values))
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))
