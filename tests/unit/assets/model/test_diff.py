"""Changed values as text: both sides show what differs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.assets.model.diff import Change

CARDS = "/* Cards */ .card{border:0} .card .title{font-weight:600;color:#222} "


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (CARDS * 3 + ".a{}", CARDS * 3 + ".b{}", '.a{}" → '),
        (CARDS * 3, CARDS * 3 + ".more{}", ".more{}"),
        (CARDS * 3, CARDS * 2, "→ "),
        (CARDS + "\n", CARDS + "\n\n", r"\n\n"),
        ([CARDS, 1], [CARDS, 2], ", 2]"),
        ({"a": CARDS, "b": 1}, {"a": CARDS, "b": True}, "True"),
    ],
)
def test_long_text_is_cut_around_first_difference(old, new, expected):
    line = str(Change("css", old, new))
    before, after = line.removeprefix("css: ").split(" → ")
    assert before != after
    assert expected in line
    assert len(line) < 160


@given(st.text(max_size=200), st.text(max_size=60), st.text(max_size=60), st.text(max_size=200))
def test_different_values_have_different_text(start, one, other, end):
    old, new = start + one + end, start + other + end
    if old != new:
        before, _, after = str(Change("x", old, new)).removeprefix("x: ").partition(" → ")
        assert before != after
