"""Numbers that give the target together, and innocent ones that do not."""

import numpy as np
import pytest
from glasshouse_ml.checks.exact_relation import PRODUCT, SUM, exact_relation

RNG = np.random.default_rng(4)
ROWS = 400
FIRST, SECOND, NOISE = RNG.uniform(1, 100, (3, ROWS))
GAPS = np.where(RNG.random(ROWS) < 0.3, np.nan, FIRST)
FEW_GAPS = np.where(RNG.random(ROWS) < 0.02, np.nan, FIRST)
QUANTITY = RNG.integers(-2, 4, ROWS).astype(float)
DISCOUNT = np.round(RNG.uniform(0, 0.3, ROWS), 2)
RELATIONS = {
    "sum": ({"a": FIRST, "b": SECOND}, FIRST - 2 * SECOND, SUM, {"a", "b"}),
    "other column with gaps": (
        {"a": FIRST, "b": SECOND, "c": GAPS},
        FIRST + SECOND,
        SUM,
        {"a", "b"},
    ),
    "gaps count as 0": ({"a": GAPS, "b": SECOND}, np.nan_to_num(GAPS) + SECOND, SUM, {"a", "b"}),
    "gaps after the sum": ({"a": FEW_GAPS, "b": SECOND}, FIRST + SECOND, SUM, {"a", "b"}),
    "zero and negative": (
        {"quantity": QUANTITY, "price": SECOND},
        QUANTITY * SECOND,
        PRODUCT,
        {"quantity", "price"},
    ),
    "discount": (
        {"price": FIRST, "discount": DISCOUNT},
        FIRST * (1 - DISCOUNT),
        PRODUCT,
        {"price", "1 - discount"},
    ),
}


@pytest.mark.parametrize("case", RELATIONS)
def test_relation_is_named(case: str) -> None:
    columns, target, relation, names = RELATIONS[case]
    answer, named = exact_relation({**columns, "noise": NOISE}, target)
    assert (answer, set(named)) == (relation, names)


@pytest.mark.parametrize(
    "target",
    [
        FIRST + SECOND + RNG.normal(0, 1, ROWS),
        QUANTITY * SECOND + RNG.normal(0, 3, ROWS),
        RNG.uniform(0, 1, ROWS),
        QUANTITY,
        np.zeros(ROWS),
    ],
)
def test_noise_is_no_relation(target: np.ndarray) -> None:
    columns = {"a": FIRST, "b": SECOND, "gaps": GAPS, "discount": DISCOUNT}
    wide = {f"n{place}": RNG.normal(size=ROWS) for place in range(30)}
    for numbers in (columns, columns | wide, {"gaps": np.full(ROWS, np.nan)}, {}):
        assert exact_relation(numbers, target) == ("", [])
