"""ml.profile: what the rows of a query look like, read once and kept under a name."""

import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.records import Records
from glasshouse_ml.core.table import BOOLEAN, CATEGORY, Column, Table, Texts
from glasshouse_ml.core.validation import MAX_NAME_LENGTH
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.interrupts import attentive
from glasshouse_ml.data.row_reader import Reader, clean_query, read_columns
from glasshouse_ml.measure.correlations import columns_of, correlation_rows
from glasshouse_ml.measure.distributions import MISSING, category_bins
from glasshouse_ml.measure.numeric_summary import counts, edges, ordered, statistics
from glasshouse_ml.registry import versions as registry

# Pairs grow with the square of the columns; this many make eleven thousand of them.
MOST_PAIRED = 150
# Which rows the correlations are measured on, where there are too many.
SEED = 0
COLUMNS = ("column_name", "type", "kind", "rows", "missing", "distinct_values")
COLUMNS += ("min", "lower_quartile", "median", "upper_quartile", "max", "mean", "sd")
COLUMNS += ("most_frequent", "most_frequent_n")


def profile(db: Database, name: str, query: str) -> list[tuple[Any, ...]]:
    """A row for each column; what is in it is COLUMNS."""
    started = time.perf_counter()
    with attentive(db.checkpoint):
        facts = _measured(db, name, query)
    facts["profile"]["seconds"] = round(time.perf_counter() - started, 3)
    registry.record_profile(db, facts)
    return [tuple(entry.get(name) for name in COLUMNS) for entry in facts["profile_columns"]]


def _measured(db: Database, name: str, query: str) -> dict[str, Any]:
    """A list of rows for each table of the registry, and the one row of the profile."""
    if not name or not name.strip() or len(name) > MAX_NAME_LENGTH:
        raise GlasshouseError(
            f"A profile needs a name of at most {MAX_NAME_LENGTH} characters.",
            "Give it as the first argument.",
        )
    query = clean_query(query)
    columns = read_columns(db, query)
    usable = [column for column in columns if column.kind]
    if not usable:
        raise GlasshouseError(
            "The query returns no column that can be profiled.",
            "Numbers, booleans, texts, dates and times can.",
        )
    numbers = [column for column in usable if column.numeric]
    texts = [column for column in usable if not column.numeric]
    table = Reader(db, query, numbers, texts).table()
    if not table.rows:
        raise GlasshouseError("The query returns no row.", "Check its conditions.")
    found, bins = [], []
    for position, column in enumerate(usable, start=1):
        facts, of_column = _column(column, table)
        found.append(
            {"column_name": column.name, "position": position, "type": column.type, **facts}
        )
        bins += [
            {"column_name": column.name, "bin": place, **entry}
            for place, entry in enumerate(of_column, start=1)
        ]
    return {
        "profile": {
            "name": name,
            "query": query,
            "rows": table.rows,
            "columns": len(usable),
            "excluded": _excluded(columns),
        },
        "profile_columns": found,
        "profile_bins": bins,
        "profile_correlations": _correlations(db, usable, table),
    }


def _excluded(columns: Sequence[Column]) -> Records:
    return [
        {"name": column.name, "reason": f"Nothing is known about type {column.type}."}
        for column in columns
        if not column.kind
    ]


def _column(column: Column, table: Table) -> tuple[dict[str, Any], Records]:
    """The statistics of a column, and its bins."""
    if column.kind == CATEGORY:
        return _texts(table.texts[column.name])
    values = table.numbers[column.name]
    if column.kind == BOOLEAN:
        codes = np.where(np.isnan(values), -1, np.nan_to_num(values)).astype(int)
        facts, bins = _texts(Texts(codes, ["false", "true"]))
        return facts | {"kind": column.kind, "mean": _mean(codes)}, bins
    known = ordered(values)
    facts = {"kind": column.kind, **statistics(known, len(values))}
    facts["distinct_values"] = facts.pop("distinct")
    finite = known[np.searchsorted(known, -np.inf, side="right") : np.searchsorted(known, np.inf)]
    bins = []
    if len(finite):
        found = edges(finite)
        numbers = counts(known, found[1:-1])
        bins = [
            {"lower": float(low), "upper": float(high), "n": int(n)}
            for (low, high), n in zip(pairwise(found), numbers, strict=True)
        ]
    return facts, _with_missing(bins, facts["missing"])


def _texts(texts: Texts) -> tuple[dict[str, Any], Records]:
    places, bins = category_bins(texts.codes, texts.levels)
    numbers = np.bincount(places, minlength=len(bins))
    met = np.bincount(texts.codes[texts.codes >= 0], minlength=len(texts.levels))
    most = int(met.argmax()) if met.any() else None
    facts = {
        "kind": CATEGORY,
        "rows": len(texts.codes),
        "missing": int((texts.codes < 0).sum()),
        "distinct_values": int((met > 0).sum()),
        "most_frequent": None if most is None else texts.levels[most],
        "most_frequent_n": None if most is None else int(met[most]),
    }
    return facts, [{**entry, "n": int(n)} for entry, n in zip(bins, numbers, strict=True)]


def _mean(codes: np.ndarray) -> float | None:
    known = codes[codes >= 0]
    return float(known.mean()) if len(known) else None


def _with_missing(bins: Records, missing: int) -> Records:
    return [*bins, {"category": MISSING, "n": missing}] if missing else bins


def _correlations(db: Database, columns: Sequence[Column], table: Table) -> Records:
    if len(columns) > MOST_PAIRED:
        db.notice(f"Correlations are those of the first {MOST_PAIRED} columns.")
    found = correlation_rows(columns_of(table, columns[:MOST_PAIRED]), SEED)
    return [{"column_name": row.pop("feature"), **row} for row in found]
