"""Which rows are learned from, which are kept aside, and the folds inside the training part."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError, count_rows
from glasshouse_ml.core.request import Request
from glasshouse_ml.core.split import Fold, ResamplingUnits, Split, Splitter
from glasshouse_ml.core.table import Table, TextColumn
from glasshouse_ml.data.fingerprint import text_hashes

# With fewer moments in the test part, rows and not blocks of time are resampled.
MIN_MOMENTS = 10


def split_rows(table: Table, splitter: Splitter, request: Request) -> Split:
    """Divide rows that stand in canonical order; the same rows give the same split."""
    split, key, seed = request.split, request.key, request.options["seed"]
    facts = dict(split)
    times: np.ndarray | None = None
    groups: np.ndarray | None = None
    if split["by"] == "random" and key and _has_repeats(table.texts[key]):
        # Rows of one key on both sides would let the model recognise instead of predict.
        facts |= {"kept_together": key}
        groups = table.texts[key].codes
        is_test = _by_hash(table.texts[key], split["test"], seed)
    elif split["by"] == "random":
        is_test = splitter.test_mask(split["test"], seed)
    elif split["by"] == "key":
        keys = table.texts[cast(str, key)]
        groups = keys.codes if _has_repeats(keys) else None
        is_test = _by_hash(keys, split["test"], seed)
    elif split["by"] == "group":
        groups = table.texts[split["column"]].codes
        is_test = _by_hash(table.texts[split["column"]], split["test"], seed)
    elif split["by"] == "time":
        times = table.numbers[split["column"]]
        is_test = _latest(times, split["test"], split["column"], facts)
    else:
        is_test = _by_label(table.texts[split["column"]], split["column"])
    gap = _gap_length(split)
    is_train = ~is_test
    if times is not None and gap:
        is_train &= times <= times[is_test].min() - gap
        facts["rows_in_gap"] = int((~is_train & ~is_test).sum())
        if not is_train.any():
            raise GlasshouseError(
                f"No row is older than the gap of {split['gap']} before the test part.",
                "Give a shorter gap or older rows.",
            )
    train, test = np.flatnonzero(is_train), np.flatnonzero(is_test)
    splitter.check_parts(train, test)
    folds = splitter.possible_folds(train, request.options["folds"], request.has_explicit_folds)
    facts["folds"] = folds

    def folds_within(members: np.ndarray, count: int) -> list[Fold]:
        member_groups = None if groups is None else groups[train[members]]
        member_times = None if times is None else times[train[members]]
        rows = train[members]
        return list(_folds(splitter, rows, member_groups, member_times, count, seed, gap))

    key_codes = table.texts[key].codes if key else None
    units = resampling_units(
        *(None if values is None else values[test] for values in (times, groups, key_codes))
    )
    return Split(
        train,
        test,
        folds_within(np.arange(len(train)), folds),
        facts,
        folds_within,
        times,
        units,
    )


def training_rule(
    request: Request, split: Split, test: Table, test_hashes: np.ndarray
) -> dict[str, Any]:
    """Which of other rows of the query may be learned from beside a test part that was sampled.

    A row belongs to the test part, or is too close to it, by the rule that chose the test part: its
    key, group, time or label. A row equal to one of the test rows is never learned from. The rule
    can be written as JSON; training_mask() applies it.
    """
    by, column, key = request.split["by"], request.split["column"], request.key
    if by == "time":
        limit = split.facts["test_from"] - _gap_length(request.split)
        has_gap = bool(request.split.get("gap"))
        return {"by": by, "column": column, "limit": limit, "has_gap": has_gap}
    if by == "column":
        return {"by": by, "column": column}
    if by in ("group", "key"):
        seed = request.options["seed"]
        return {"by": "hash", "column": column or key, "share": request.split["test"], "seed": seed}
    if key:
        texts = test.texts[key]
        names = [texts.levels[code] for code in np.unique(texts.codes)]
        return {"by": "text", "column": key, "names": names}
    return {"by": "row", "hashes": [int(number) for number in np.unique(test_hashes)]}


def training_mask(rule: dict[str, Any]) -> Callable[[Table, np.ndarray], np.ndarray]:
    """The function that says which rows may be learned from; it takes rows and their hashes."""
    by, column = rule["by"], rule.get("column", "")
    if by == "time":
        is_before = np.less_equal if rule["has_gap"] else np.less
        return lambda rows, hashes: is_before(rows.numbers[column], rule["limit"])
    if by == "column":
        return lambda rows, hashes: ~_by_label(rows.texts[column], column)
    if by == "hash":
        return lambda rows, hashes: ~_by_hash(rows.texts[column], rule["share"], rule["seed"])
    if by == "text":
        names = set(rule["names"])

        def other_text(rows: Table, hashes: np.ndarray) -> np.ndarray:
            texts = rows.texts[column]
            is_test = np.array([level in names for level in texts.levels] + [False])
            return ~is_test[texts.codes]

        return other_text
    test_hashes = np.array(rule["hashes"], np.uint64)
    return lambda rows, hashes: ~np.isin(hashes, test_hashes)


def resampling_units(
    times: np.ndarray | None, groups: np.ndarray | None, keys: np.ndarray | None
) -> ResamplingUnits | None:
    """The rows that belong together: by time, by group, or by a key that repeats.

    Blocks of moments are as long as the cube root of their number, which suits the bootstrap of a
    variance (Hall, Horowitz and Jing, Biometrika 82, 1995). Fewer than MIN_MOMENTS moments say
    nothing about how moments differ; then rows of one key belong together, if a key repeats.
    """
    if times is not None:
        moments, codes = np.unique(times, return_inverse=True)
        if len(moments) >= MIN_MOMENTS:
            return ResamplingUnits(codes, round(len(moments) ** (1 / 3)))
        groups = keys
    if groups is None:
        return None
    values, codes = np.unique(groups, return_inverse=True)
    return ResamplingUnits(codes) if len(values) < len(codes) else None


def _has_repeats(texts: TextColumn) -> bool:
    return len(texts.levels) < len(texts.codes)


def _by_hash(texts: TextColumn, share: float, seed: int) -> np.ndarray:
    """A value is on the same side for ever, whatever other rows arrive."""
    levels = [f"{seed} {level}" for level in texts.levels]
    return (text_hashes(levels, texts.codes) / 2.0**64) < share


def _latest(times: np.ndarray, share: float, column: str, facts: dict[str, Any]) -> np.ndarray:
    """The latest rows are the test part; rows of the same moment stay together."""
    missing = int(np.isnan(times).sum())
    if missing:
        raise GlasshouseError(
            f"Column {column!r}, which divides the rows by time, is NULL in {count_rows(missing)}.",
            f"Leave them out: where {column} is not null.",
        )
    moments = np.unique(times)
    if len(moments) < 2:
        raise GlasshouseError(
            f"Column {column!r} holds one moment only, so nothing is later than anything.",
            "Split by random, or by another column.",
        )
    cut = np.sort(times)[min(round((1 - share) * len(times)), len(times) - 1)]
    # A cut at the very first moment would leave nothing to learn from.
    cut = max(cut, moments[1])
    facts["test_from"] = float(cut)
    return times >= cut


def _by_label(texts: TextColumn, column: str) -> np.ndarray:
    other_levels = [level for level in texts.levels if level not in ("train", "test")]
    if other_levels or (texts.codes < 0).any():
        label = "NULL" if not other_levels else repr(other_levels[0])
        raise GlasshouseError(
            f"Column {column!r}, which divides the rows, holds {label}.",
            "It may hold the words train and test only.",
        )
    is_test = np.array([level == "test" for level in texts.levels] + [False])
    return is_test[texts.codes]


def _folds(
    splitter: Splitter,
    train: np.ndarray,
    groups: np.ndarray | None,
    times: np.ndarray | None,
    folds: int,
    seed: int,
    gap: float,
) -> Iterator[Fold]:
    """Folds of the same kind as the split, or the cross-validation would promise too much."""
    # One moment has no before and after inside, so its rows are as good as any.
    if times is not None and len(np.unique(times)) > 1:
        fold_indices = _forward(times, folds, gap)
    else:
        if groups is not None:
            count = len(np.unique(groups))
            if count < 2:
                raise GlasshouseError(
                    "The training part has one group only.",
                    "Give more groups, or split by random.",
                )
            folds = min(folds, count)
        labels = splitter.labels(train)
        fold_indices = splitter.fold_generator(folds, groups is not None, seed).split(
            labels, labels, groups
        )
    for number, (fit, validate) in enumerate(fold_indices, start=1):
        splitter.check_fold(train[fit], train[validate], number)
        yield fit, validate


def _gap_length(split: dict[str, Any]) -> float:
    """The gap in the unit of the times: days, or that of a column of numbers."""
    gap = split.get("gap", 0.0)
    return float(gap.split()[0]) if isinstance(gap, str) else float(gap)


def _forward(times: np.ndarray, folds: int, gap: float) -> Iterator[Fold]:
    """Learn from what came before, validate on what came next, as in real life.

    The rows of the last `gap` before the validation rows are in neither part. A fold whose training
    rows all lie in the gap is left out.
    """
    moments, moment_of_row = np.unique(times, return_inverse=True)
    # Moments are grouped into blocks of about equally many rows.
    ends = np.cumsum(np.bincount(moment_of_row)) / len(times)
    blocks = np.minimum((ends * (folds + 1) - 1e-9).astype(int), folds)[moment_of_row]
    present = np.unique(blocks)
    if len(present) < 2:
        raise GlasshouseError(
            f"The training part holds {len(moments)} moments, too few to validate forward in time.",
            "Give rows of more moments, or split by random.",
        )
    is_empty = True
    for block in present[1:]:
        validate = np.flatnonzero(blocks == block)
        fit = np.flatnonzero((blocks < block) & (times <= times[validate].min() - gap))
        if len(fit) or not gap:
            is_empty = False
            yield fit, validate
    if is_empty:
        raise GlasshouseError(
            "No fold has training rows before its gap.", "Give a shorter gap or older rows."
        )
