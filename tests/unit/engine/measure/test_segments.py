"""Metrics by segment: the rows of each segment and their own metrics."""

import json
from datetime import date, timedelta

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.table import BOOLEAN, NUMBER, TIME, Table, TextColumn
from glasshouse_ml.measure.segments import segments_of
from sklearn.metrics import mean_absolute_error, roc_auc_score

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn


def numbers(values: list, kind: str = NUMBER) -> dict[str, int]:
    """The rows of each segment."""
    result = segments_of(Table(len(values), {"x": np.array(values, float)}), "x", kind)
    counts = np.bincount(result.codes, minlength=len(result.names))
    return dict(zip(result.names, counts.tolist(), strict=True))


def test_numbers_are_cut_at_quartiles() -> None:
    assert numbers([*range(1, 101), np.nan]) == {
        "x = 1 to 25": 25,
        "x = 26 to 50": 25,
        "x = 51 to 75": 25,
        "x = 76 to 100": 25,
        "x = (missing)": 1,
    }
    # Half of the rows have one value: there are fewer than four parts, and none is empty.
    crowded = numbers([0] * 60 + list(range(1, 41)))
    assert crowded == {"x = 0 to 0": 60, "x = 1 to 15": 15, "x = 16 to 40": 25, "x = (missing)": 0}


def test_few_values_have_own_segments() -> None:
    assert numbers([3, 1.5, 3, np.nan]) == {"x = 1.5": 1, "x = 3": 2, "x = (missing)": 1}
    assert numbers([1, 0, 0], BOOLEAN) == {"x = false": 2, "x = true": 1, "x = (missing)": 0}
    assert numbers([0.25, 1], TIME) == {
        "x = 1970-01-01": 1,
        "x = 1970-01-02": 1,
        "x = (missing)": 0,
    }


def test_rare_texts_share_segment() -> None:
    codes = np.repeat(np.arange(15), np.arange(15, 0, -1))
    texts = TextColumn(np.append(codes, -1), [f"level {n:02}" for n in range(15)])
    result = segments_of(Table(len(texts.codes), {}, {"x": texts}), "x", None)
    counts = np.bincount(result.codes).tolist()
    assert len(result.names) == 12
    assert result.names[0] == "x = level 00" and counts[0] == 15
    assert result.names[-2:] == ["x = other", "x = (missing)"]
    assert counts[-2:] == [1 + 2 + 3 + 4 + 5, 1]


def test_each_segment_has_own_metrics(mixed: list[dict]) -> None:
    db = StandIn(mixed)
    options = {"bootstrap": 50, "importance_repeats": 0, "segments": ["colour", "amount", "loyal"]}
    call(db, key="id", options=json.dumps(options), algorithms='["logistic_regression"]')
    rows = [m for m in db.recorded[0]["metrics"] if m["split"] == "test"]
    overall = {m["metric"]: m for m in rows if m["segment"] == "all" and m["series"] == "model"}
    assert {m["segment"] for m in rows} >= {
        "all",
        "colour = red",
        "colour = (missing)",
        "loyal = true",
        "loyal = false",
        "amount = (missing)",
    }
    for column in ("colour", "amount", "loyal"):
        parts = [
            m
            for m in rows
            if m["metric"] == "log_loss"
            and m["series"] == "model"
            and m["segment"].startswith(f"{column} = ")
        ]
        assert sum(m["n"] for m in parts) == overall["log_loss"]["n"]
        # The mean over all rows is the mean of the parts, each by its rows.
        mean = sum(m["value"] * m["n"] for m in parts) / overall["log_loss"]["n"]
        assert mean == pytest.approx(overall["log_loss"]["value"])
        for part in parts:
            assert part["lower"] <= part["value"] <= part["upper"]
    baseline_segments = {m["segment"] for m in rows if m["series"] == "baseline"}
    assert baseline_segments == {m["segment"] for m in rows if m["series"] == "model"}


def test_non_feature_column_makes_segments(mixed: list[dict]) -> None:
    """The column of the split, and a column that was left out because it never changes."""
    start = date(2026, 1, 1)
    rows = [{**row, "day": start + timedelta(days=n // 4)} for n, row in enumerate(mixed)]
    db = StandIn(rows)
    call(
        db,
        key="id",
        split='{"by": "time", "column": "day"}',
        options='{"bootstrap": 0, "importance_repeats": 0, "segments": ["day", "same"]}',
    )
    result = {m["segment"] for m in db.recorded[0]["metrics"]} - {"all"}
    # Quartiles are those of all rows; the latest fifth of the rows lies in the last of them.
    assert result == {"day = 2026-03-17 to 2026-04-10", "same = 1"}


def test_regression_has_segments(mixed: list[dict]) -> None:
    rows = [
        {**row, "target": n % 7 + (3.0 if row["loyal"] else 0.0)} for n, row in enumerate(mixed)
    ]
    db = StandIn(rows)
    options = {"bootstrap": 0, "importance_repeats": 0, "segments": "colour"}
    call(db, task="regression", key="id", algorithms='["ridge"]', options=json.dumps(options))
    payload = db.recorded[0]
    errors = [
        row
        for row in payload["metrics"]
        if (row["metric"], row["series"], row["split"]) == ("mae", "model", "test")
    ]
    assert len(errors) > 2
    for row in errors:
        inside = [r for r in payload["residuals"] if row["segment"] in ("all", r["segment"])]
        assert row["n"] == len(inside) > 0
        assert row["value"] == pytest.approx(
            mean_absolute_error([r["actual"] for r in inside], [r["predicted"] for r in inside])
        )


def test_clustering_has_segments(mixed: list[dict]) -> None:
    db = StandIn([{k: v for k, v in row.items() if k != "target"} for row in mixed])
    params = [{"algorithm": "k_means", "params": {"n_clusters": 2}}]
    options = '{"bootstrap": 50, "importance_repeats": 0, "segments": ["colour"]}'
    call(
        db, task="clustering", target=None, key="id", algorithms=json.dumps(params), options=options
    )
    result = {m["segment"]: m["n"] for m in db.recorded[0]["metrics"] if m["metric"] == "silhouette"
             and m["split"] == "test"}  # fmt: skip
    assert result.pop("all") == sum(result.values()) == 80


def test_single_class_segment_has_no_roc_auc_and_no_error(mixed: list[dict]) -> None:
    rows = [{**row, "side": "yes" if row["target"] else "no"} for row in mixed]
    db = StandIn(rows)
    options = '{"bootstrap": 50, "importance_repeats": 0, "segments": ["side"]}'
    call(db, key="id", options=options)
    result = {
        (m["segment"], m["metric"]): m["value"]
        for m in db.recorded[0]["metrics"]
        if m["series"] == "model" and m["split"] == "test"
    }
    assert result["side = yes", "roc_auc"] is None
    assert result["side = yes", "accuracy"] == 1
    assert roc_auc_score([0, 1], [0, 1]) == result["all", "roc_auc"] == 1


@pytest.mark.parametrize(
    ("segments", "message"),
    [
        ('["colours"]', "no column 'colours' to make segments of"),
        ("3", "options.segments is 3"),
        ('["colour", 3]', "options.segments is"),
    ],
)
def test_invalid_segments_are_refused(mixed: list[dict], segments: str, message: str) -> None:
    db = StandIn(mixed)
    with pytest.raises(GlasshouseError) as caught:
        call(db, options=f'{{"segments": {segments}}}')
    assert message in caught.value.message
    assert "colour" in caught.value.hint or "country" in caught.value.hint
    assert db.checkpoints <= 1, "only reading the rows looks for a cancel request"


def test_segment_names_are_unique() -> None:
    levels = sorted(["other", "(missing)", '"other"', *(f"level {n}" for n in range(12))])
    codes = np.append(np.repeat(np.arange(15), 3), -1)
    codes = np.append(codes, np.repeat([levels.index("other"), levels.index("(missing)")], 9))
    result = segments_of(Table(len(codes), {}, {"x": TextColumn(codes, levels)}), "x", None)
    assert len(set(result.names)) == len(result.names) == 12
    assert {'x = "other"', 'x = "(missing)"', "x = other", "x = (missing)"} <= set(result.names)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1_234_567.1, 1_234_567.2, 1_234_567.3], NUMBER),
        ([1e9 + n / 8 for n in range(40)], NUMBER),
        ([20_000.25, 20_000.5], TIME),
        ([20_000 + n / 100 for n in range(40)], TIME),
        ([9e9 + 0.25, 9e9 + 0.5], TIME),
    ],
)
def test_similar_numbers_have_different_names(values: list[float], kind: str) -> None:
    result = numbers(values, kind)
    assert sum(result.values()) == len(values)
    assert len(result) == len(set(result))
    assert len(segments_of(Table(len(values), {"x": np.array(values)}), "x", kind).names) == len(
        result
    )


def test_column_names_with_equals_sign_are_quoted() -> None:
    texts = {
        "a": TextColumn(np.array([0]), ["b = c"]),
        "a = b": TextColumn(np.array([0]), ["c"]),
    }
    names = [segments_of(Table(1, {}, {name: texts[name]}), name, None).names[0] for name in texts]
    assert names == ["a = b = c", '"a = b" = c']
