"""Errors for the caller are stored in the session; all others leave Python as they are."""

from collections.abc import Iterator

import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data.sql_function import FAILURE, call, call_for_rows


def raise_error(error: Exception) -> int:
    raise error


def rows_then_error(error: Exception) -> Iterator[int]:
    yield 1
    raise error


def test_result_is_returned_and_previous_failure_cleared() -> None:
    session = {FAILURE: ("old", None, "22023")}
    assert call(session, int, "7") == 7
    assert list(call_for_rows(session, range, 2)) == [0, 1]
    assert FAILURE not in session


def test_expected_error_is_stored_and_result_is_null() -> None:
    session: dict = {}
    assert call(session, raise_error, GlasshouseError("No.", "Ask again.", "22012")) is None
    assert session[FAILURE] == ("No.", "Ask again.", "22012")
    assert call(session, raise_error, GlasshouseError("No.")) is None
    assert session[FAILURE] == ("No.", None, "22023")


def test_expected_error_between_rows_ends_with_null() -> None:
    session: dict = {}
    assert list(call_for_rows(session, rows_then_error, GlasshouseError("No."))) == [1, None]
    assert session[FAILURE][0] == "No."


def test_other_error_is_raised() -> None:
    with pytest.raises(KeyError):
        call({}, raise_error, KeyError("a slip"))
    with pytest.raises(KeyError):
        list(call_for_rows({}, rows_then_error, KeyError("a slip")))
