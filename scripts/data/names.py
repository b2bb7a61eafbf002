"""Column and table names: lowercase words joined by underscores, unique, short enough."""

import re
import unicodedata

from scripts.errors import UserError

LONGEST = 63


def snake_case(text: str) -> str:
    """`Customer ID` and `customerID` become `customer_id`; letters lose their accents."""
    plain = (
        unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode()
    )
    parted = re.sub(r"([a-z0-9])([A-Z])|([A-Z]+)([A-Z][a-z])", r"\1\3_\2\4", plain)
    name = re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_")
    return f"c{name}"[:LONGEST] if name[:1].isdigit() else name[:LONGEST]


def column_names(header: list[str]) -> list[str]:
    """A name for each field of the header; equal ones get a number, empty ones a place."""
    names: list[str] = []
    for position, text in enumerate(header, start=1):
        base = snake_case(text) or f"column_{position}"
        name, number = base, 1
        while name in names:
            number += 1
            name = f"{base[: LONGEST - 4]}_{number}"
        names.append(name)
    return names


def require_name(text: str, what: str) -> str:
    """A table or schema name as given, in snake_case; refused where nothing is left of it."""
    name = snake_case(text)
    if not name:
        raise UserError(f'"{text}" gives no {what} name', "choose a name with letters")
    return name
