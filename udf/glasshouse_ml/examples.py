"""From a request to labelled examples: which columns are what, and which are left out."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from glasshouse_ml.database import Database
from glasshouse_ml.errors import GlasshouseError, near_names, rows
from glasshouse_ml.fingerprint import canonical
from glasshouse_ml.request import Request
from glasshouse_ml.rows import Reader, describe
from glasshouse_ml.table import CATEGORY, NUMBER, TIME, Column, Table

MOST_CLASSES = 100
_YES = ("1", "true", "t", "yes", "y", "positive")
# A text column in which nearly every row has a value of its own names the row.
_KEY_LIKE = 0.95


@dataclass(frozen=True)
class Examples:
    """Labelled rows in canonical order; classes are positions in names."""

    table: Table
    columns: list[Column]
    classes: np.ndarray
    names: list[str]
    positive: int | None
    excluded: list[dict[str, str]]
    rows_read: int
    query: str
    fingerprint: str

    @property
    def positive_class(self) -> str | None:
        """Its name; None with more than two classes."""
        return None if self.positive is None else self.names[self.positive]


@dataclass(frozen=True)
class _Roles:
    """What the columns are there for."""

    target: Column
    key: Column | None
    divider: Column | None  # the column that decides the split
    features: list[Column]
    excluded: list[dict[str, str]]


def read(db: Database, request: Request) -> Examples:
    """Read the rows of a request."""
    query, columns = describe(db, request.query)
    roles = _roles(request, columns)
    by_time = request.split["by"] == "time"
    numbers = [column for column in roles.features if column.numeric]
    texts = [column for column in roles.features if not column.numeric]
    texts += [column for column in (roles.target, roles.key) if column]
    if roles.divider and by_time:
        numbers.append(roles.divider)
    elif roles.divider and roles.divider != roles.key:
        texts.append(roles.divider)
    table, digest = canonical(Reader(db, query, numbers, texts).table())
    rows_read = table.rows
    table = _labelled(db, table, request.target)
    if request.key and (table.texts[request.key].codes < 0).any():
        raise GlasshouseError(
            f"Key column {request.key!r} holds NULL.",
            f"Leave those rows out: where {request.key} is not null.",
        )
    names, classes = _classes(table, request.target)
    positive = _positive(names, classes, request)
    return Examples(
        table, roles.features, classes, names, positive, roles.excluded, rows_read, query, digest
    )


def _roles(request: Request, columns: list[Column]) -> _Roles:
    by_name = {column.name: column for column in columns}
    target = _named(by_name, request.target, "target")
    key = _named(by_name, request.key, "key") if request.key else None
    split = request.split
    divider = _named(by_name, split["column"], "column of the split") if split["column"] else None
    if target in (key, divider):
        other = "key" if target == key else "column of the split"
        raise GlasshouseError(
            f"Column {target.name!r} is both target and {other}.", f"Choose another {other}."
        )
    if split["by"] == "time" and divider and divider.kind not in (TIME, NUMBER):
        raise GlasshouseError(
            f"Column {divider.name!r} is of type {divider.type}, which has no order in time.",
            "Split by a date, a timestamp or a number.",
        )
    features, excluded = [], []
    for column in columns:
        if column in (target, key):
            continue
        if column == divider:
            excluded.append({"name": column.name, "reason": "It decides the split."})
        elif column.kind is None:
            reason = f"No feature can be made of type {column.type}."
            excluded.append({"name": column.name, "reason": reason})
        else:
            features.append(column)
    return _Roles(target, key, divider, features, excluded)


def _named(columns: dict[str, Column], name: str, role: str) -> Column:
    if name not in columns:
        raise GlasshouseError(
            f"The query returns no column {name!r}, which is named as {role}.",
            near_names(name, columns),
        )
    return columns[name]


def _labelled(db: Database, table: Table, target: str) -> Table:
    """The rows whose answer is known; nothing can be learned from the others."""
    if not table.rows:
        raise GlasshouseError("The query returns no row.", "Check its conditions.")
    labelled = table.texts[target].codes >= 0
    dropped = int((~labelled).sum())
    if dropped == table.rows:
        raise GlasshouseError(
            f"Target column {target!r} is NULL in every row.", "Give rows whose answer is known."
        )
    if dropped:
        db.notice(f"Left out {rows(dropped)} without a target ({target} is NULL).")
        table = table.take(labelled)
    return table


def _classes(table: Table, target: str) -> tuple[list[str], np.ndarray]:
    texts = table.texts[target]
    names, classes = texts.levels, texts.codes
    if len(names) < 2:
        raise GlasshouseError(
            f"Target column {target!r} holds one value only: {names[0]!r}.",
            "A classification needs rows of at least two classes.",
        )
    if len(names) > MOST_CLASSES:
        raise GlasshouseError(
            f"Target column {target!r} holds {len(names)} different values; "
            f"{MOST_CLASSES} classes are the most.",
            "Is it the right column? Group rare values, or ranges of numbers, in the query.",
        )
    try:
        order = sorted(range(len(names)), key=lambda position: float(names[position]))
    except ValueError:
        return names, classes
    # Classes 1, 2, 10 in this order, not in that of the alphabet.
    new = np.empty(len(names), np.int64)
    new[order] = np.arange(len(names))
    return [names[position] for position in order], new[classes]


def _positive(names: list[str], classes: np.ndarray, request: Request) -> int | None:
    """The class the score is about: as asked, else a word for yes, else the rarer one."""
    wanted = request.options["positive_class"]
    if wanted is not None and wanted not in names:
        raise GlasshouseError(
            f"No row has the positive class {wanted!r}.", near_names(wanted, names)
        )
    if len(names) != 2:
        return None
    if wanted is not None:
        return names.index(wanted)
    yes = [position for position, name in enumerate(names) if name.lower() in _YES]
    if len(yes) == 1:
        return yes[0]
    counts = np.bincount(classes, minlength=2)
    return 0 if counts[0] < counts[1] else 1


def useful(
    columns: list[Column], table: Table, training: np.ndarray
) -> tuple[list[Column], list[dict[str, Any]]]:
    """Columns worth learning from, judged by the training rows, and why the others are not."""
    kept, excluded = [], []
    for column in columns:
        reason = _useless(column, table, training)
        if reason:
            excluded.append({"name": column.name, "reason": reason})
        else:
            kept.append(column)
    if not kept:
        raise GlasshouseError(
            "No column is left to learn from.",
            " ".join(f"{entry['name']}: {entry['reason']}" for entry in excluded[:5])
            or "Give at least one column besides the target and the key.",
        )
    return kept, excluded


def _useless(column: Column, table: Table, training: np.ndarray) -> str | None:
    if column.kind == CATEGORY:
        codes = table.texts[column.name].codes[training]
        known = codes[codes >= 0]
        distinct = len(np.unique(known))
    else:
        values = table.numbers[column.name][training]
        known = values[~np.isnan(values)]
        distinct = int(len(known) > 0) + int(len(known) > 0 and bool((known != known[0]).any()))
    if not len(known):
        return "It is NULL in every training row."
    if distinct == 1 and len(known) == len(training):
        return "It has the same value in every training row."
    if column.kind == CATEGORY and len(known) > 2 and distinct >= _KEY_LIKE * len(known):
        return "Nearly every row has a text of its own, as a key has."
    return None
