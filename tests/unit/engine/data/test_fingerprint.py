"""The fingerprint depends on the content of the rows and not on their order."""

import random
from typing import Any

from glasshouse_ml.data.fingerprint import sort_rows
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.engine.data.test_row_reader import read

ROWS = st.lists(
    st.tuples(st.one_of(st.none(), st.floats(allow_nan=False)), st.one_of(st.none(), st.text())),
    min_size=1,
    max_size=20,
)


def as_dicts(rows: list[tuple]) -> list[dict[str, Any]]:
    # A first row of fixed types, because the stand-in reads types off the values.
    return [{"n": 0.5, "t": "t"}] + [{"n": n, "t": t} for n, t in rows]


@settings(max_examples=50, deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_shuffled_rows_have_same_fingerprint(rows: list[tuple], chance: random.Random) -> None:
    given_rows = as_dicts(rows)
    permutation = given_rows[:1] + chance.sample(given_rows[1:], len(rows))
    one, other = read(given_rows), read(permutation)
    one_print, other_print = sort_rows(one), sort_rows(other)
    assert one_print == other_print
    assert one.texts["t"].values() == other.texts["t"].values()
    assert (one.numbers["n"] == other.numbers["n"])[~(one.numbers["n"] != one.numbers["n"])].all()


def test_any_change_changes_fingerprint() -> None:
    base = [{"n": 1.0, "t": "a"}, {"n": 2.0, "t": None}]
    variants = [
        [{"n": 1.0, "t": "a"}, {"n": 2.0, "t": ""}],
        [{"n": 1.0, "t": "a"}, {"n": None, "t": None}],
        [{"n": 2.0, "t": "a"}, {"n": 1.0, "t": None}],
        [{"n": 1.0, "t": "a"}, {"n": 2.0, "t": None}, {"n": 2.0, "t": None}],
        [{"m": 1.0, "t": "a"}, {"m": 2.0, "t": None}],
    ]
    prints = [sort_rows(read(rows)) for rows in [base, *variants]]
    assert len(set(prints)) == len(prints)


def test_equal_numbers_have_same_fingerprint() -> None:
    assert sort_rows(read([{"n": 0.0}])) == sort_rows(read([{"n": -0.0}]))
