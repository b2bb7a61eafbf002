"""Rows are read unchanged."""

from datetime import date, datetime
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.table import Table
from glasshouse_ml.data import memory
from glasshouse_ml.data.row_reader import Reader, read_columns
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.engine.standin import StandIn

TEXTS = st.one_of(
    st.none(), st.sampled_from(["", "\x1f", "\x02", "NULL", "a'b", "é", "x\ny"]), st.text()
)
NUMBERS = st.one_of(st.none(), st.floats(allow_nan=False))


def read(rows: list[dict[str, Any]], raw: bool = True, max_bytes: int | None = None) -> Table:
    db = StandIn(rows, raw)
    columns = read_columns(db, "select 1")
    numbers = [column for column in columns if column.numeric]
    texts = [column for column in columns if not column.numeric]
    return Reader(db, "select 1", numbers, texts).table(max_bytes)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(NUMBERS, TEXTS, TEXTS), max_size=30), st.booleans())
def test_values_are_unchanged(rows: list[tuple], raw: bool) -> None:
    first = {"number": 1.0, "text": "a", "other": "b"}
    given_rows = [first] + [dict(zip(first, row, strict=True)) for row in rows]
    table = read(given_rows, raw)
    assert table.rows == len(given_rows)
    expected = [np.nan if r["number"] is None else r["number"] for r in given_rows]
    np.testing.assert_array_equal(table.numbers["number"], expected)
    assert table.texts["text"].values() == [r["text"] for r in given_rows]
    assert table.texts["other"].values() == [r["other"] for r in given_rows]


def test_types_become_numbers() -> None:
    row = {"yes": True, "day": date(1970, 1, 3), "hour": datetime(1970, 1, 1, 12), "whole": 7}
    table = read([row, dict.fromkeys(row)])
    result = {name: values[0] for name, values in table.numbers.items()}
    assert result == {"yes": 1.0, "day": 2.0, "hour": 0.5, "whole": 7.0}
    assert all(np.isnan(values[1]) for values in table.numbers.values())


def test_rows_of_several_batches_are_joined() -> None:
    rows = [{"n": float(i), "t": str(i % 3)} for i in range(11_000)]
    table = read(rows)
    assert table.numbers["n"].sum() == sum(range(11_000))
    assert table.texts["t"].levels == ["0", "1", "2"]


@pytest.mark.parametrize("ending", ["", "é", " of more than eight letters"])
def test_levels_of_many_texts_follow_their_code_points(ending: str) -> None:
    texts = [
        *(f"{i * 7919 % 3000 - 40}{ending}" for i in range(3000)),
        None,
        "",
        "Z",
        "~",
        "a",
        "1 ",
    ]
    table = read([{"t": text} for text in texts])
    assert table.texts["t"].levels == sorted({text for text in texts if text is not None})
    assert table.texts["t"].values() == texts


def test_memory_limit_keeps_whole_rows() -> None:
    words = ["", "\x1f", None, "a" * 90]
    rows = [{"n": float(i), "t": f"text {i}", "w": words[i % 4]} for i in range(12_000)]
    each = 3 * memory.ROW_BYTES + memory.TEXT_BYTES + len("text 1234")
    table = read(rows, max_bytes=1_000 * each)
    assert 450 < table.rows <= 1_000
    numbers = table.numbers["n"].astype(int).tolist()
    assert len(set(numbers)) == table.rows
    assert table.texts["t"].values() == [rows[n]["t"] for n in numbers]
    assert table.texts["w"].values() == [rows[n]["w"] for n in numbers]
    assert len(table.texts["t"].levels) == table.rows
    assert read(rows, max_bytes=each - 200).rows == 0


def test_levels_are_sorted_in_any_row_order() -> None:
    assert read([{"t": t} for t in "cabc"]).texts["t"].levels == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"v": [1.0, 2.0], "v[2]": 1.0}, "v\\[2\\]"),
        ({"v[1]": "a", "v": [1.0]}, "v\\[1\\]"),
    ],
)
def test_column_named_like_array_position_is_error(row: dict[str, Any], name: str) -> None:
    db = StandIn([row])
    with pytest.raises(GlasshouseError, match=f"column named '{name}'.*position of the array 'v'"):
        read_columns(db, "select 1", expand_arrays=True)
