"""ml.profile: what the rows of a query look like, read once and kept under a name."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.records import Records
from glasshouse_ml.core.table import BOOLEAN, CATEGORY, TEXT, Column, Table, TextColumn
from glasshouse_ml.core.validation import MAX_NAME_LENGTH
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.documents import word_counts
from glasshouse_ml.data.free_text import is_free_text
from glasshouse_ml.data.interrupts import check_interrupts, interruptible
from glasshouse_ml.data.query_text import clean_query
from glasshouse_ml.data.row_reader import Reader, read_columns
from glasshouse_ml.measure.correlations import correlation_columns, correlation_rows
from glasshouse_ml.measure.distributions import category_bins, missing_bin, range_bins
from glasshouse_ml.measure.numeric_summary import (
    bin_counts,
    bin_edges,
    sorted_values,
    summary_statistics,
)
from glasshouse_ml.registry import versions as registry

# Pairs grow with the square of the columns; this many make eleven thousand of them.
MAX_PAIRED = 150
# Which rows the correlations are measured on, where there are too many.
SEED = 0
COLUMNS: tuple[str, ...] = ("column_name", "type", "kind", "rows", "missing", "distinct_values")
COLUMNS += ("min", "lower_quartile", "median", "upper_quartile", "max", "mean", "sd")
COLUMNS += ("most_frequent", "most_frequent_n")


def profile(db: Database, name: str, query: str) -> list[tuple[Any, ...]]:
    """A row for each column; what is in it is COLUMNS."""
    started = time.perf_counter()
    with interruptible(db.check_interrupts):
        facts = _profile_facts(db, name, query)
    facts["profile"]["seconds"] = round(time.perf_counter() - started, 3)
    registry.record_profile(db, facts)
    return [
        tuple(bin_record.get(name) for name in COLUMNS) for bin_record in facts["profile_columns"]
    ]


def _profile_facts(db: Database, name: str, query: str) -> dict[str, Any]:
    """A list of rows for each table of the registry, and the one row of the profile."""
    if not name or not name.strip() or len(name) > MAX_NAME_LENGTH:
        raise GlasshouseError(
            f"A profile needs a name of at most {MAX_NAME_LENGTH} characters.",
            "Give it as the first argument.",
        )
    query = clean_query(query)
    columns = read_columns(db, query)
    profiled = [column for column in columns if column.kind]
    if not profiled:
        raise GlasshouseError(
            "The query returns no column that can be profiled.",
            "Numbers, booleans, texts, dates and times can.",
        )
    numbers = [column for column in profiled if column.numeric]
    texts = [column for column in profiled if not column.numeric]
    table = Reader(db, query, numbers, texts).table()
    if not table.rows:
        raise GlasshouseError("The query returns no row.", "Check its conditions.")
    records, bins = [], []
    for position, column in enumerate(profiled, start=1):
        check_interrupts()
        facts, column_bins = _column_summary(column, table)
        records.append(
            {"column_name": column.name, "position": position, "type": column.type, **facts}
        )
        bins += [
            {"column_name": column.name, "bin": place, **bin_record}
            for place, bin_record in enumerate(column_bins, start=1)
        ]
    return {
        "profile": {
            "name": name,
            "query": query,
            "rows": table.rows,
            "columns": len(profiled),
            "excluded": _excluded(columns),
        },
        "profile_columns": records,
        "profile_bins": bins,
        "profile_correlations": _correlations(db, profiled, table),
    }


def _excluded(columns: Sequence[Column]) -> Records:
    return [
        {"name": column.name, "reason": f"Nothing is known about type {column.type}."}
        for column in columns
        if not column.kind
    ]


def _column_summary(column: Column, table: Table) -> tuple[dict[str, Any], Records]:
    """The statistics of a column, and its bins."""
    if column.kind == CATEGORY:
        texts = table.texts[column.name]
        values, rows = texts.value_counts(np.arange(table.rows))
        is_text = is_free_text(values, int(rows.sum()))
        return _free_text_summary(texts) if is_text else _category_summary(texts)
    return _number_summary(column, table)


def _number_summary(column: Column, table: Table) -> tuple[dict[str, Any], Records]:
    values = table.numbers[column.name]
    if column.kind == BOOLEAN:
        codes = np.where(np.isnan(values), -1, np.nan_to_num(values)).astype(int)
        facts, bins = _category_summary(TextColumn(codes, ["false", "true"]))
        return facts | {"kind": column.kind, "mean": _mean_of_codes(codes)}, bins
    ascending = sorted_values(values)
    facts = {"kind": column.kind, **summary_statistics(ascending, len(values))}
    facts["distinct_values"] = facts.pop("distinct")
    return facts, _number_bins(ascending, facts["missing"])


def _free_text_summary(texts: TextColumn) -> tuple[dict[str, Any], Records]:
    """Statistics and bins of the words of a text; the distinct values are those of the texts."""
    facts, _ = _category_summary(texts)
    ascending = sorted_values(word_counts(texts))
    statistics = summary_statistics(ascending, len(texts.codes))
    del statistics["distinct"]
    return {**statistics, **facts, "kind": TEXT}, _number_bins(ascending, facts["missing"])


def _number_bins(ascending: np.ndarray, missing: int) -> Records:
    finite = ascending[
        np.searchsorted(ascending, -np.inf, side="right") : np.searchsorted(ascending, np.inf)
    ]
    bins = []
    if len(finite):
        records = bin_edges(finite)
        numbers = bin_counts(ascending, records[1:-1])
        bins = [
            {**bounds, "n": int(n)} for bounds, n in zip(range_bins(records), numbers, strict=True)
        ]
    return _with_missing(bins, missing)


def _category_summary(texts: TextColumn) -> tuple[dict[str, Any], Records]:
    places, bins = category_bins(texts.codes, texts.levels)
    numbers = np.bincount(places, minlength=len(bins))
    level_counts = np.bincount(texts.codes[texts.codes >= 0], minlength=len(texts.levels))
    most_frequent = int(level_counts.argmax()) if level_counts.any() else None
    facts = {
        "kind": CATEGORY,
        "rows": len(texts.codes),
        "missing": int((texts.codes < 0).sum()),
        "distinct_values": int((level_counts > 0).sum()),
        "most_frequent": None if most_frequent is None else texts.levels[most_frequent],
        "most_frequent_n": None if most_frequent is None else int(level_counts[most_frequent]),
    }
    return facts, [{**bin_record, "n": int(n)} for bin_record, n in zip(bins, numbers, strict=True)]


def _mean_of_codes(codes: np.ndarray) -> float | None:
    ascending = codes[codes >= 0]
    return float(ascending.mean()) if len(ascending) else None


def _with_missing(bins: Records, missing: int) -> Records:
    return [*bins, {**missing_bin(), "n": missing}] if missing else bins


def _correlations(db: Database, columns: Sequence[Column], table: Table) -> Records:
    if len(columns) > MAX_PAIRED:
        db.notice(f"Correlations are those of the first {MAX_PAIRED} columns.")
    records = correlation_rows(correlation_columns(table, columns[:MAX_PAIRED]), SEED)
    return [{"column_name": row.pop("feature"), **row} for row in records]
