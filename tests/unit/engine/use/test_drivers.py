"""ml.drivers: how its arguments are read, and what the measures of slices are."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.use.drivers.blocks import choose_blocks
from glasshouse_ml.use.drivers.counting import SliceCounts
from glasshouse_ml.use.drivers.metric_expression import (
    COUNT,
    DISTINCT,
    SUM,
    MetricExpression,
    Term,
    parse_metric,
)
from glasshouse_ml.use.drivers.request import parse_request
from glasshouse_ml.use.drivers.slices import holm, measure_slices, redundant, slice_text

from tests.unit.engine.standin import StandIn


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sum(amount)", (Term(SUM, "amount"),)),
        (" SUM ( Amount ) ", (Term(SUM, "amount"),)),
        ('sum("Odd ""name"", (x)")', (Term(SUM, 'Odd "name", (x)'),)),
        ("sum(Größe)", (Term(SUM, "größe"),)),
        ("count(*)", (Term(COUNT, None),)),
        ("count(x)", (Term(COUNT, "x"),)),
        ("count(distinct customer)", (Term(DISTINCT, "customer"),)),
        ("count(distinct)", (Term(COUNT, "distinct"),)),
        ("avg(x)", (Term(SUM, "x"), Term(COUNT, "x"))),
        ("sum(a)/sum(b)", (Term(SUM, "a"), Term(SUM, "b"))),
        ("sum(paid) / count(*)", (Term(SUM, "paid"), Term(COUNT, None))),
    ],
)
def test_metric_is_parsed(text: str, expected: tuple[Term, ...]) -> None:
    assert parse_metric(text) == MetricExpression(*expected)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "amount", "sum", "sum(", "sum()", "sum(a", "sum(a))", "sum(a) x", "sum(a b)",
        "sum(a+b)", "sum(*)", "avg(*)", "max(a)", "sum(a)/", "/sum(a)", "sum(a)/sum(b)/sum(c)",
        "sum(distinct a)", "count(distinct *)", "avg(a)/sum(b)", "count(distinct a)/count(*)",
        "sum(a)); drop table t; --", "sum(a)) from t where (1=1", "sum('a')", 'sum("")', 'sum("a)',
        "sum(1)", "sum(a.b)", "sum(a::int)", "sum(a)--", "count(distinct a, b)", "sum(a)\x00",
    ],
)  # fmt: skip
def test_other_metric_is_one_line_error(text: str) -> None:
    with pytest.raises(GlasshouseError) as caught:
        parse_metric(text)
    assert "\n" not in caught.value.message
    assert caught.value.hint


ROW = {"a": 1.5, "flag": True, "country": "x", "document": {}, "numbers": [1.0]}


@pytest.mark.parametrize(
    ("metric", "is_test", "dimensions", "options", "message"),
    [
        ("sum(amount)", "flag", ["country"], None, "no column 'amount', which the metric names"),
        ("sum(country)", "flag", ["country"], None, "needs a number"),
        ("count(distinct document)", "flag", ["country"], None, "cannot be compared"),
        ("sum(a)", "country", ["country"], None, "is_test names a boolean"),
        ("sum(a)", "none", ["country"], None, "no column 'none'"),
        ("sum(a)", "flag", [], None, "no dimension"),
        ("sum(a)", "flag", None, None, "no dimension"),
        ("sum(a)", "flag", [None], None, "no dimension"),
        ("sum(a)", "flag", [["country"]], None, "no dimension"),
        ("sum(a)", "flag", ["Country"], None, "no column 'Country'"),
        ("sum(a)", "flag", ["country", "country"], None, "named twice"),
        ("sum(a)", "flag", ["flag"], None, "test set"),
        ("sum(a)", "flag", ["document"], None, "no dimension"),
        ("sum(a)", "flag", ["numbers"], None, "no dimension"),
        ("sum(a)", "flag", [f"d{n}" for n in range(13)], None, "12 are the most"),
        ("sum(a)", "flag", ["country"], '{"max_order": 0}', "max_order is 0"),
        ("sum(a)", "flag", ["country"], '{"max_order": true}', "max_order is true"),
        ("sum(a)", "flag", ["country"], '{"min_support": 0}', "min_support is 0"),
        ("sum(a)", "flag", ["country"], '{"min_support": "1"}', "min_support is"),
        ("sum(a)", "flag", ["country"], '{"prune": 1}', "prune is 1"),
        ("sum(a)", "flag", ["country"], '{"top": 1}', "no entry 'top'"),
        ("sum(a)", "flag", ["country"], "[]", "no JSON object"),
    ],
)
def test_invalid_arguments_are_one_line_error(
    metric: str, is_test: str, dimensions: list | None, options: str | None, message: str
) -> None:
    with pytest.raises(GlasshouseError, match=message):
        parse_request(StandIn([ROW]), "select 1", metric, is_test, dimensions, options)


@pytest.mark.parametrize(
    ("sizes", "order"),
    [([5, 8, 12, 20, 50, 100], 3), ([3, 4], 3), ([1000, 1000, 1000], 2), ([], 2), ([60] * 7, 4)],
)
def test_blocks_contain_each_set_once(sizes: list[int], order: int) -> None:
    blocks = choose_blocks(sizes, order, 200_000)
    subsets = [subset for block in blocks for subset in block.subsets]
    expected = [
        subset
        for size in range(min(order, len(sizes)) + 1)
        for subset in combinations(range(len(sizes)), size)
    ]
    assert sorted(subsets) == sorted(expected)
    for block in blocks:
        assert all(set(subset) <= set(block.dimensions) for subset in block.subsets)
    if sizes == [5, 8, 12, 20, 50, 100]:
        # Far fewer passes than the 20 sets of three.
        assert len(blocks) <= 8


Rows = dict[str, np.ndarray]
NAMES = ["country", "channel", "line"]
RNG = np.random.default_rng(5)


def some_rows(count: int = 4_000, seed: int = 5) -> Rows:
    """Rows of both sets that are alike."""
    rng = np.random.default_rng(seed)
    return {
        "is_test": rng.random(count) < 0.5,
        "country": rng.choice(["UK", "DE", "FR"], count, p=[0.6, 0.3, 0.1]),
        "channel": rng.choice(["web", "shop"], count),
        "line": rng.choice(["a", "b", "c", "d"], count),
        "amount": rng.lognormal(2, 0.7, count),
        "cost": rng.lognormal(1, 0.5, count),
        "customer": rng.integers(0, count // 8, count),
    }


def every_slice(rows: Rows, order: int = 3) -> Iterator[tuple[tuple, np.ndarray]]:
    """Conditions and the mask of the rows, in the order of the engine."""
    for size in range(order + 1):
        for places in combinations(range(len(NAMES)), size):
            columns = [rows[NAMES[place]] for place in places]
            for values in sorted(set(zip(*columns, strict=True))) if size else [()]:
                mask = np.ones(len(rows["is_test"]), bool)
                for column, value in zip(columns, values, strict=True):
                    mask &= column == value
                yield tuple(zip(places, map(str, values), strict=True)), mask


def counted(rows: Rows, kind: str, order: int = 3) -> SliceCounts:
    conditions, moments = [], []
    a = rows["amount"]
    b = rows["cost"] if kind == "ratio" else np.ones(len(a))
    for slice_conditions, mask in every_slice(rows, order):
        sides = []
        for side in (~rows["is_test"], rows["is_test"]):
            inside, outside = side & mask, side & ~mask
            x, y = a[inside], b[inside]
            if kind == "distinct":
                own = set(rows["customer"][inside])
                only = own - set(rows["customer"][outside])
                sides.append([inside.sum(), len(own), len(only)])
            elif kind == "sum":
                sides.append([inside.sum(), x.sum(), (x * x).sum()])
            else:
                sums = [x.sum(), (x * x).sum(), y.sum(), (x * y).sum(), (y * y).sum()]
                sides.append([inside.sum(), *sums])
        conditions.append(slice_conditions)
        moments.append(sides)
    return SliceCounts(conditions, np.array(moments, float))


def value(rows: Rows, mask: np.ndarray, kind: str) -> float:
    if kind == "distinct":
        return float(len(set(rows["customer"][mask])))
    total = rows["amount"][mask].sum()
    return float(total if kind == "sum" else total / rows["cost"][mask].sum())


@pytest.mark.parametrize("kind", ["sum", "ratio", "distinct"])
def test_measures_equal_rows(kind: str) -> None:
    rows = some_rows()
    measures = measure_slices(counted(rows, kind), kind == "ratio", kind == "distinct")
    test = rows["is_test"]
    for place, (_, mask) in enumerate(every_slice(rows)):
        control_value, test_value = (value(rows, mask & side, kind) for side in (~test, test))
        assert measures.value[place] == pytest.approx([control_value, test_value])
        shares = [(mask & side).sum() / side.sum() for side in (~test, test)]
        assert measures.support[place] == pytest.approx(max(shares))
        if not place:
            assert np.isnan(measures.unexpected[0])
            continue
        factor = value(rows, ~mask & test, kind) / value(rows, ~mask & ~test, kind)
        assert measures.unexpected[place] == pytest.approx(
            test_value - control_value * factor, rel=1e-6, abs=1e-6
        )


@pytest.mark.parametrize("kind", ["sum", "ratio"])
def test_contributions_of_dimension_sum_to_change(kind: str) -> None:
    rows = some_rows()
    rows["amount"] = np.where(
        rows["is_test"] & (rows["country"] == "DE"), rows["amount"] * 3, rows["amount"]
    )
    counts = counted(rows, kind)
    measures = measure_slices(counts, kind == "ratio", False)
    change = measures.value[0, 1] - measures.value[0, 0]
    assert measures.contribution[0] == pytest.approx(change)
    for places in [(0,), (1,), (2,), (0, 1), (0, 1, 2)]:
        parts = [
            measures.contribution[place]
            for place, conditions in enumerate(counts.conditions)
            if tuple(at for at, _ in conditions) == places
        ]
        assert sum(parts) == pytest.approx(change)


@pytest.mark.parametrize("kind", ["sum", "ratio", "distinct"])
def test_change_of_one_slice_is_reported_once(kind: str) -> None:
    rows = some_rows(8_000)
    is_changed = rows["is_test"] & (rows["country"] == "DE") & (rows["channel"] == "web")
    rows["amount"] = np.where(is_changed, rows["amount"] * 3, rows["amount"])
    if kind == "distinct":
        stays = ~is_changed | (RNG.random(8_000) < 0.3)
        rows = {name: values[stays] for name, values in rows.items()}
    counts = counted(rows, kind)
    flags = (kind == "ratio", kind == "distinct")
    measures, is_redundant = measure_slices(counts, *flags), redundant(counts, *flags)
    slices = [c for c, flag in zip(counts.conditions, is_redundant, strict=True) if not flag]
    cause = ((0, "DE"), (1, "web"))
    assert measures.p_value[counts.conditions.index(cause)] < 1e-3
    assert cause in slices
    assert not [conditions for conditions in slices if len(conditions) == 3]
    # The rest of the two dimensions is what the cause is not.
    assert {c for c in slices if len(c) == 2} <= {
        conditions for conditions in counts.conditions if {p for p, _ in conditions} == {0, 1}
    }


@pytest.mark.parametrize("kind", ["sum", "ratio", "distinct"])
def test_unchanged_data_have_few_findings(kind: str) -> None:
    """The level over all slices of a call is 5 %; 60 calls leave room for chance up to 6."""
    alarms = 0
    for seed in range(60):
        counts = counted(some_rows(600, seed), kind, 2)
        p_values = measure_slices(counts, kind == "ratio", kind == "distinct").p_value
        alarms += bool(np.nanmin(p_values) < 0.05)
    assert alarms <= 6


def test_slices_of_same_rows_are_merged() -> None:
    """A currency that follows from the country, and a dimension with one value."""
    rows = some_rows(3_000)
    rows["channel"] = np.where(rows["country"] == "UK", "pounds", "euros")
    rows["line"] = np.full(3_000, "all of them")
    counts = counted(rows, "sum")
    slices = {
        slice_text(conditions, NAMES)
        for conditions, flag in zip(counts.conditions, redundant(counts, False, False), strict=True)
        if not flag
    }
    assert slices == {"(all)", "country = DE", "country = FR", "country = UK", "channel = euros"}


def test_slice_of_all_rows_and_new_slice_are_defined() -> None:
    rows = some_rows(1_000)
    rows["channel"] = np.full(1_000, "web")
    rows["country"] = np.where(rows["is_test"], "new", "old")
    for kind in ("sum", "ratio"):
        counts = counted(rows, kind)
        measures = measure_slices(counts, kind == "ratio", False)
        for place, conditions in enumerate(counts.conditions):
            if conditions in ([], ((1, "web"),)):
                assert np.isnan(measures.p_value[place])
        assert np.isfinite(measures.contribution).all()
        new = counts.conditions.index(((0, "new"),))
        assert measures.contribution[new] == pytest.approx(
            rows["amount"][rows["is_test"]].sum()
            if kind == "sum"
            else measures.value[new, 1] - measures.value[0].mean()
        )


def test_holm_equals_published_procedure() -> None:
    p_values = holm(np.array([0.01, np.nan, 0.04, 0.03, 0.005]))
    assert p_values[[0, 2, 3, 4]] == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert np.isnan(p_values[1])


def test_null_differs_from_text() -> None:
    assert slice_text(((0, None), (2, "x")), NAMES) == "country is NULL and line = x"
    assert slice_text((), NAMES) == "(all)"
