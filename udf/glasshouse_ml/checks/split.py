"""Checks of the split: rows of the test part that the training part knows, or that differ."""

import numpy as np

from glasshouse_ml.checks.columns import is_date_text, min_keys
from glasshouse_ml.checks.facts import (
    ISSUE,
    Finding,
    NotApplicable,
    Outcome,
    TrainingFacts,
    percent,
)
from glasshouse_ml.checks.resampling import gain_interval
from glasshouse_ml.core.errors import count_rows
from glasshouse_ml.core.table import CATEGORY, TIME, Column, Table, is_key_name
from glasshouse_ml.data.fingerprint import row_hashes

# Without a key's name a text is an id when it has so many values per row.
ID_SHARE = 0.1
# So many rows of repeated ids tell whether they have the same target.
MIN_REPEATS = 20
# R² of the other rows of an id from which on they give the target away.
SAME_TARGET = 0.9
# Duplicates matter where so much of the gain over the baseline depends on them.
DUPLICATE_GAIN = 0.005
MIN_ROWS_LEFT = 30
# Unlabelled rows of one part: at least so many, and so many times as often as in the other.
MIN_UNLABELLED, UNLABELLED_RATIO = 10, 3
_NOT_RANDOM = NotApplicable("The rows were not split at random.")
_NO_TARGET = NotApplicable("Without a target no test row can be recognised.")


def date_with_random_split(facts: TrainingFacts) -> Outcome:
    """A date beside a random split."""
    if not facts.request.task.needs_target:
        return _NO_TARGET
    if not facts.is_random:
        return _NOT_RANDOM
    names = [column.name for column in facts.feature_columns if column.kind == TIME]
    texts = facts.table.texts
    key = facts.request.key
    other = [column.name for column in facts.columns if column.name in texts]
    names += [n for n in [key, *other] if n in texts and is_date_text(texts[n])]
    return [
        Finding(
            f"Column {name!r} is a date, and the rows were split at random: the model was tested "
            "on days that it knows from training.",
            name,
            remedy="If it predicts later rows, split by time: split => "
            f'\'{{"by": "time", "column": "{name}"}}\'.',
        )
        for name in names
    ]


def id_with_random_split(facts: TrainingFacts) -> Outcome:
    """Rows of one id in both parts of a random split."""
    if not facts.request.task.needs_target:
        return _NO_TARGET
    if not facts.is_random:
        return _NOT_RANDOM
    findings = []
    for column in facts.feature_columns:
        is_named = is_key_name(column.name)
        if column.of or not (is_named or column.kind == CATEGORY):
            continue
        ids = _codes(facts.table, column)
        train, test = ids[facts.split.train], ids[facts.split.test]
        distinct = len(np.unique(train[train >= 0]))
        if distinct < min_keys(len(train)):
            continue
        if not is_named and distinct < ID_SHARE * len(train):
            continue
        both = np.isin(test, train[train >= 0]).mean()
        if both < 0.5:
            continue
        same = same_target(facts, train)
        if same < SAME_TARGET and not is_named:
            continue
        message = (
            f"Rows of one {column.name!r} are in both parts of the random split: {percent(both)} "
            "of the test rows have one that the model knows"
        )
        if same >= SAME_TARGET:
            message += ", and with it nearly always their target"
        remedy = f'Keep them together: split => \'{{"by": "group", "column": "{column.name}"}}\'.'
        severity = ISSUE if same >= SAME_TARGET else None
        findings.append(Finding(f"{message}.", column.name, severity, remedy))
    return findings


def _codes(table: Table, column: Column) -> np.ndarray:
    """A number per row: the position of its value among all of them, -1 for NULL."""
    if column.name in table.texts:
        return table.texts[column.name].codes
    values = table.numbers[column.name]
    codes = np.unique(values, return_inverse=True)[1]
    return np.where(np.isnan(values), -1, codes)


def same_target(facts: TrainingFacts, ids: np.ndarray) -> float:
    """R² of the mean target of the other rows of an id, for training rows whose id repeats."""
    target_values = facts.target.values[facts.split.train]
    counts = np.bincount(ids[ids >= 0], minlength=int(ids.max()) + 1)
    rows = np.flatnonzero((ids >= 0) & (counts[ids] > 1))
    if len(rows) < MIN_REPEATS:
        return 0.0
    ids, target_values = ids[rows], target_values[rows]
    error = total = 0.0
    classes = range(len(facts.target.names)) if facts.target.names else [None]
    for position in classes:
        if facts.target.has_labels:
            values = target_values[:, position].astype(float)
        else:
            values = (target_values if position is None else target_values == position).astype(
                float
            )
        sums = np.bincount(ids, values, len(counts))
        others = (sums[ids] - values) / (counts[ids] - 1)
        error += float(((values - others) ** 2).sum())
        total += float(((values - values.mean()) ** 2).sum())
    return 1 - error / total if total > 0 else 0.0


def duplicates_across_split(facts: TrainingFacts) -> Outcome:
    """Test rows that equal a training row in every feature, and the score without them."""
    if not facts.request.task.needs_target:
        return _NO_TARGET
    names = [column.name for column in facts.feature_columns]
    features = Table(
        facts.table.rows,
        {name: facts.table.numbers[name] for name in names if name in facts.table.numbers},
        {name: facts.table.texts[name] for name in names if name in facts.table.texts},
    )
    hashes = row_hashes(features)
    facts.check_interrupts()
    train, test = hashes[facts.split.train], hashes[facts.split.test]
    distinct = np.unique(train)
    is_duplicate = np.isin(test, distinct)
    count, rows = int(is_duplicate.sum()), len(test)
    if not count:
        return []
    if len(distinct) < len(train) / 2:
        return NotApplicable(
            f"The features have {len(distinct)} different combinations in {len(train)} training "
            "rows, so that equal rows say nothing."
        )
    message = f"{count} of {rows} test rows equal a training row in every feature"
    if rows - count < MIN_ROWS_LEFT:
        return [Finding(f"{message}; the others are too few for a score.", severity=ISSUE)]
    metric, others = facts.metric, np.flatnonzero(~is_duplicate)
    score, without = metric.value(facts.test), metric.value(facts.test.take(others))
    message += f": {metric.name} is {score:.4g}, and {without:.4g} without them."
    seed = facts.request.options["seed"]
    units = facts.split.test_units
    lower, _ = gain_interval(metric, facts.test, facts.test, seed, units, ~is_duplicate)
    flattery = metric.gain(score) - metric.gain(without)
    gain = np.inf
    if facts.baseline is not None:
        gain = metric.gain(score) - metric.gain(metric.value(facts.baseline))
    matters = lower > 0 and flattery > DUPLICATE_GAIN * max(gain, 0.0)
    return [Finding(message, severity=ISSUE if matters else None)]


def class_missing_from_part(facts: TrainingFacts) -> Outcome:
    """Classes without a test row; a class without training rows is an error of ml.train."""
    names = facts.target.names
    if not names or not facts.request.task.needs_target:
        return NotApplicable("There are no classes to predict.")
    counts = facts.target.rows_of_classes(facts.target.values[facts.split.test])
    what = "Label" if facts.target.has_labels else "Class"
    return [
        Finding(f"{what} {names[position]!r} has no row in the test part.", facts.request.target)
        for position in np.flatnonzero(counts == 0)
    ]


def unlabelled_rows(facts: TrainingFacts) -> Outcome:
    """Rows without a target, which are left out, and whether one part has more of them."""
    count, target = facts.unlabelled.rows, facts.request.target
    if target is None:
        return NotApplicable("There is no target.")
    if not count:
        return []
    message = f"{count_rows(count)} without a target ({target} is NULL) are left out"
    parts = _unlabelled_parts(facts)
    if parts is not None:
        train, test = parts
        labelled = len(facts.split.train), len(facts.split.test)
        shares = train / (train + labelled[0]), test / (test + labelled[1])
        low, high = sorted(shares)
        if max(parts) >= MIN_UNLABELLED and high > UNLABELLED_RATIO * low:
            message += (
                f": {percent(shares[0])} of the training rows and {percent(shares[1])} of the test "
                "rows, so that the parts are not alike"
            )
            return [Finding(f"{message}.", target, ISSUE)]
    return [Finding(f"{message}.", target)]


def _unlabelled_parts(facts: TrainingFacts) -> tuple[int, int] | None:
    """The unlabelled rows that belong to each part by the column of the split."""
    name, by = facts.request.split["column"] or "", facts.split.facts["by"]
    if by == "column" and name in facts.unlabelled.texts:
        values = facts.unlabelled.texts[name].values()
        return values.count("train"), values.count("test")
    if by == "time" and name in facts.unlabelled.numbers:
        # The target of the newest rows is not known yet: they belong to no part.
        moments = facts.unlabelled.numbers[name]
        moments = moments[moments <= facts.table.numbers[name].max()]
        in_test = int((moments >= facts.split.facts["test_from"]).sum())
        return len(moments) - in_test, in_test
    return None
