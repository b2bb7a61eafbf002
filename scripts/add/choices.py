"""What the user of `make add` has named, and the columns that these names mean."""

import difflib
from dataclasses import dataclass

from scripts.add.facts import ColumnFacts
from scripts.data.names import snake_case
from scripts.errors import UserError

# A message lists so many columns of a table.
MOST_NAMES = 10


@dataclass(frozen=True)
class Choices:
    """What the user decided; an empty value is proposed from the table."""

    name: str = ""
    target: str = ""
    key: str = ""
    task: str = ""
    time: str = ""
    group: str = ""
    drop: tuple[str, ...] = ()
    owner: str = ""
    series: tuple[str, ...] = ()
    horizon: str = ""
    frequency: str = ""


def find_column(text: str, by_name: dict[str, ColumnFacts], option: str) -> str:
    """The column that the user means: by its name, or by its header in the file."""
    if not text:
        return ""
    for candidate in (text, snake_case(text)):
        if candidate in by_name:
            return candidate
    for column in by_name.values():
        if column.header == text:
            return column.name
    names = [*by_name]
    near = difflib.get_close_matches(snake_case(text), names, n=3)
    some = ", ".join(names[:MOST_NAMES]) + (" …" if len(names) > MOST_NAMES else "")
    raise UserError(
        f"{option}={text}: the table has no such column",
        f"write {' or '.join(near)}" if near else f"use one of {some}",
    )
