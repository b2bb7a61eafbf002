"""Checks of single columns: what they hold, and how the model uses it."""

import re
from collections.abc import Iterator

import numpy as np

from glasshouse_ml.checks.facts import TIP, Finding, NotApplicable, Outcome, TrainingFacts, percent
from glasshouse_ml.core.table import CATEGORY, LIST, NUMBER, TEXT, Column, TextColumn, is_key_name
from glasshouse_ml.data.free_text import is_free_text
from glasshouse_ml.model.algorithms import find_algorithm

# The texts of so many training rows are read.
MAX_TEXTS = 2_000
# Text is "mostly" numbers or dates from this share on.
MOSTLY = 0.8
# Longer texts are no numbers and no dates.
MAX_LENGTH = 40
# Fewer different numbers are codes of categories.
MIN_NUMBERS = 10
# Values of a column, in all columns together, whose float32 form is compared.
MAX_CELLS = 1_000_000
# Distinct values that float32 may lose; random numbers lose one in thousands.
MAX_FLOAT32_LOSS = 0.05
# Above it float64 has gaps between whole numbers.
MAX_WHOLE = 2.0**53
# Reasons that the caller has given.
REQUESTED = (
    "It decides the split.",
    "It holds the weights of the rows.",
    "options.columns leaves it out.",
)

# A leading zero makes a code of a number: 007, a postal code.
_NUMBER = re.compile(
    r"[-+]?\s?(?:[$€£¥]|USD|EUR|GBP|CHF|JPY)?\s?[-+]?"
    r"(?:0|[1-9]\d*|[1-9]\d{0,2}(?:[ ,.'\u00a0\u202f]\d{3})+)?(?:[.,]\d+)?(?:e[-+]?\d+)?"
    r"\s?(?:[$€£¥%]|USD|EUR|GBP|CHF|JPY)?",
    re.IGNORECASE | re.ASCII,
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DATE = re.compile(
    rf"(?:\d{{4}}([-/.])\d{{1,2}}\1\d{{1,2}}|\d{{1,2}}([-/.])\d{{1,2}}\2\d{{2,4}}"
    rf"|\d{{1,2}}[-. ]{{1,2}}{_MONTH}[-, ]{{1,2}}\d{{2,4}}|{_MONTH} \d{{1,2}},? \d{{4}})"
    r"(?:[T ]\d{1,2}:\d{2}.*)?",
    re.IGNORECASE | re.ASCII,
)


def excluded_column(facts: TrainingFacts) -> Outcome:
    """Every column that is left out, with the reason."""
    return [
        Finding(f"Column {entry['name']!r} is left out. {entry['reason']}", entry["name"])
        if entry["name"] != "(rows)"
        else Finding(entry["reason"], remedy="Raise options.memory_mb to train on all rows.")
        for entry in facts.excluded
        if entry["reason"] not in REQUESTED
    ]


def key_feature(facts: TrainingFacts) -> Outcome:
    """A feature that numbers the rows, or whose name says that it is a key."""
    findings = []
    for column in facts.feature_columns:
        if column.kind != NUMBER or column.of:
            continue
        values = facts.table.numbers[column.name][facts.split.train]
        if numbers_rows(values) and not _follows_split(facts, column):
            message = f"Column {column.name!r} numbers the rows: every training row has another."
            findings.append(Finding(message, column.name))
        elif (
            is_key_name(column.name)
            and _is_whole(values)
            and len(np.unique(values)) >= min_keys(len(values))
        ):
            message = f"Column {column.name!r} is used as a number, and its name says it is a key."
            findings.append(Finding(message, column.name, TIP))
    return findings


def min_keys(rows: int) -> int:
    """The least distinct values of a key; a week_number has fewer, and is none."""
    return max(20, rows // 100)


def numbers_rows(values: np.ndarray) -> bool:
    """Whether whole numbers count the rows: all differ, and most of an even range is used.

    Of n values drawn at random from 2 n whole numbers many are drawn twice, so that a measurement
    does not pass. The test rows have the numbers that are missing.
    """
    count = len(values)
    if count < 20 or np.isnan(values).any() or not _is_whole(values):
        return False
    if np.abs(values).max() > MAX_WHOLE:
        return False
    steps = np.diff(np.unique(values)).astype(np.int64)
    return len(steps) == count - 1 and bool(steps.sum() // np.gcd.reduce(steps) < 2 * count)


def _is_whole(values: np.ndarray) -> bool:
    present = values[~np.isnan(values)]
    return bool((present == np.floor(present)).all())


def _follows_split(facts: TrainingFacts, column: Column) -> bool:
    """Whether a number counts the time by which the rows are split: it is a trend."""
    moments = facts.table.numbers.get(facts.request.split["column"] or "")
    if facts.split.facts["by"] != "time" or moments is None:
        return False
    order = np.lexsort((facts.table.numbers[column.name], moments))
    return bool((np.diff(facts.table.numbers[column.name][order]) >= 0).all())


def _texts(facts: TrainingFacts) -> Iterator[tuple[Column, TextColumn]]:
    """Text columns of a sample of the training rows."""
    rows = facts.training_sample(MAX_TEXTS)
    for column in facts.columns:
        if column.name in facts.table.texts:
            yield column, facts.table.texts[column.name].take(rows)


def number_or_date_as_text(facts: TrainingFacts) -> Outcome:
    """Text columns most of whose values are numbers or dates."""
    findings, is_empty = [], True
    for column, texts in _texts(facts):
        is_empty = False
        counts = np.bincount(texts.codes[texts.codes >= 0], minlength=len(texts.levels))
        levels = np.flatnonzero(counts)
        if len(levels) < MIN_NUMBERS:
            continue
        for pattern, noun, type_name in ((_NUMBER, "numbers", "numeric"), (_DATE, "dates", "date")):
            match = [_matches(pattern, texts.levels[level]) for level in levels]
            share = counts[levels][match].sum() / counts.sum()
            if share < MOSTLY:
                continue
            other = next((texts.levels[i] for i, m in zip(levels, match, strict=True) if not m), "")
            message = f"Text column {column.name!r} holds {noun} in {percent(share)} of its values"
            message += f", beside for example {other[:20]!r}." if other.strip() else "."
            remedy = (
                f"Turn its values into type {type_name} in the query, and the others into NULL."
            )
            findings.append(Finding(message, column.name, remedy=remedy))
            break
    return NotApplicable("No column is text.") if is_empty else findings


def is_date_text(texts: TextColumn) -> bool:
    """Whether most values are dates."""
    levels = texts.levels[:: max(1, len(texts.levels) // MAX_TEXTS)]
    return sum(_matches(_DATE, level) for level in levels) >= MOSTLY * len(levels) > 0


def _matches(pattern: re.Pattern[str], text: str) -> bool:
    text = text.strip()
    is_short = len(text) <= MAX_LENGTH and any(character.isdigit() for character in text)
    return is_short and pattern.fullmatch(text) is not None


def sentence_as_category(facts: TrainingFacts) -> Outcome:
    """Free text in a column whose values are categories, or that is left out."""
    findings, is_empty = [], True
    kinds = {column.name: column.kind for column in facts.feature_columns}
    for column, texts in _texts(facts):
        is_empty = False
        levels = np.unique(texts.codes[texts.codes >= 0])
        values = [texts.levels[level] for level in levels]
        kind = kinds.get(column.name)
        if kind in (TEXT, LIST) or not is_free_text(values, int((texts.codes >= 0).sum())):
            continue
        use = "each different text is a category" if kind else "it is left out"
        message = f"Column {column.name!r} holds free text: {use}."
        findings.append(Finding(message, column.name, None if kind else TIP))
    return NotApplicable("No column is text.") if is_empty else findings


def float32_precision(facts: TrainingFacts) -> Outcome:
    """Numbers that become equal in float32, which most tree algorithms compute with."""
    algorithms = [name for name in facts.algorithms if _uses_float32(facts, name)]
    columns = [column for column in facts.feature_columns if column.kind != CATEGORY]
    if not algorithms or not columns:
        return NotApplicable("No candidate computes in float32, or no feature is a number.")
    rows, findings = facts.training_sample(max(200, MAX_CELLS // len(columns))), []
    for column in columns:
        if column.name not in facts.table.numbers:
            continue
        values = facts.table.numbers[column.name][rows]
        with np.errstate(over="ignore"):
            distinct, distinct_float32 = (
                len(np.unique(v)) for v in (values, np.unique(values).astype(np.float32))
            )
        if distinct_float32 < (1 - MAX_FLOAT32_LOSS) * distinct:
            message = (
                f"Column {column.name!r} has {distinct} different values, "
                f"{distinct_float32} in float32, with which {', '.join(algorithms)} computes."
            )
            findings.append(Finding(message, column.name))
    return findings


def _uses_float32(facts: TrainingFacts, name: str) -> bool:
    path = find_algorithm(facts.request.task.name, name).path
    is_tree = path.startswith(("sklearn.tree.", "sklearn.ensemble.", "xgboost"))
    return is_tree and "HistGradientBoosting" not in path
