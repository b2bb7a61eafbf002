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
    """The column that the user means: by its name, or by its header in the file.

    A text that means two columns, as where headers differ in spaces only, is refused.
    """
    if not text:
        return ""
    of_header = [column.name for column in by_name.values() if column.header == text]
    if text in by_name and (not of_header or by_name[text].header in ("", text)):
        return text
    means = list(dict.fromkeys([*([text] if text in by_name else []), *of_header]))
    name = snake_case(text)
    if not means:
        means = [
            column.name
            for column in by_name.values()
            if column.name == name or (column.header and snake_case(column.header) == name)
        ]
    if len(means) == 1:
        return means[0]
    if means:
        columns = ", ".join(f"{each} ({by_name[each].header or each!r})" for each in means)
        raise UserError(
            f"{option}={text} means {len(means)} columns: {columns}",
            "write the header of one of them as it is in the file, or give them other headers",
        )
    names = [*by_name]
    near = difflib.get_close_matches(name, names, n=3)
    some = ", ".join(names[:MOST_NAMES]) + (" …" if len(names) > MOST_NAMES else "")
    raise UserError(
        f"{option}={text}: the table has no such column",
        f"write {' or '.join(near)}" if near else f"use one of {some}",
    )
