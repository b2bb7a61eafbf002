"""Column and table names: lowercase words joined by underscores, unique, short enough."""

import re
import unicodedata

from scripts.errors import UserError

LONGEST = 63
# A name that SQL takes without quotes, unless it is a keyword.
PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*").fullmatch
# Columns that every table of PostgreSQL has already.
SYSTEM_COLUMNS = frozenset(("ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"))


def snake_case(text: str) -> str:
    """`Customer ID` and `customerID` become `customer_id`; letters lose their accents."""
    plain = (
        unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode()
    )
    parted = re.sub(r"([a-z0-9])([A-Z])|([A-Z]+)([A-Z][a-z])", r"\1\3_\2\4", plain)
    name = re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_")
    return f"c{name}"[:LONGEST] if name[:1].isdigit() else name[:LONGEST]


def column_names(header: list[str]) -> list[str]:
    """A name for each field of the header.

    Equal names get a number, a header without letters gets its position, and the name of a system
    column of PostgreSQL gets the ending `_column`.
    """
    names: list[str] = []
    used_names: set[str] = set()
    for position, text in enumerate(header, start=1):
        base = snake_case(text) or f"column_{position}"
        if base in SYSTEM_COLUMNS:
            base = f"{base}_column"
        name, number = base, 1
        while name in used_names:
            number += 1
            name = f"{base[: LONGEST - 4]}_{number}"
        names.append(name)
        used_names.add(name)
    return names


def require_name(text: str, what: str) -> str:
    """A table or schema name as given, in snake_case; refused where nothing is left of it."""
    name = snake_case(text)
    if not name:
        raise UserError(f'"{text}" gives no {what} name', "choose a name with letters")
    return name
