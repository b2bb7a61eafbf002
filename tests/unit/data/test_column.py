"""The type of a column follows from all its values, and no value is lost."""

from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.data.column import Column


def column(*values: str) -> Column:
    result = Column("c")
    result.observe(values, range(2, len(values) + 2))
    return result


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (("true", "False", ""), "boolean"),
        (("Yes", "No"), "text"),
        (("0", "1"), "bigint"),
        (("1", "-20", "3"), "bigint"),
        (("1", "+3"), "text"),
        (("9223372036854775807", "-9223372036854775808"), "bigint"),
        (("9223372036854775808",), "numeric"),
        (("1", "-0"), "double precision"),
        (("1E5", "2E7"), "text"),
        (("1.5E5", "2e-7"), "double precision"),
        (("1e400",), "text"),
        (("0.1", "12345678901234567.89"), "numeric"),
        (("1.10", "2.00"), "double precision"),
        (("1.5", "-Infinity"), "double precision"),
        (("inf", "inf"), "text"),
        (("12 ", " 7"), "bigint"),
        (("00123", "00124"), "text"),
        (("1", "007"), "text"),
        (("0", "0.5"), "double precision"),
        (("1", "2.5", "", "1e-3", ".5", "5."), "double precision"),
        (("1.5", "nan"), "double precision"),
        (("1.5", "1e999"), "text"),
        (("1,5",), "text"),
        (("123456789012345678",), "bigint"),
        (("1234567890123456789",), "bigint"),
        (("1.5", "1234567890123456789"), "numeric"),
        (("2024-02-29", ""), "date"),
        (("2023-02-29",), "text"),
        (("2024-02-29", "2024-03-01 10:00"), "timestamp without time zone"),
        (("2024-03-01T10:00:00.25",), "timestamp without time zone"),
        (("2024-03-01 25:00",), "text"),
        (("2024-03-01T10:00:00Z", "2024-03-01 10:00+02:00"), "timestamp with time zone"),
        (("2024-03-01T10:00:00Z", "2024-03-01 10:00"), "text"),
        (("2024-03-01 10:00+02:00", "2024-03-01 10:00+16:00"), "text"),
        (("2024-03-01 10:00:00.1234567",), "text"),
        (("01.02.2024",), "text"),
        (("a", "1"), "text"),
        (("1", "NA", "?"), "bigint"),
        (("NA", "NA"), "text"),
        (("2024-01-01", "None"), "date"),
        (("yes", "NA"), "text"),
        (("", ""), "text"),
        ((), "text"),
    ],
)
def test_type_of_values(values: tuple[str, ...], kind: str) -> None:
    assert column(*values).type == kind


def test_late_value_counts_like_early_value() -> None:
    values = column("1", "2")
    values.observe(["3"] * 1000, range(4, 1004))
    assert values.type == "bigint"
    values.observe(["about 3"], [1004])
    assert values.type == "text"
    assert values.remarks("text") == [
        'almost bigint: 1 of 1,003 values do not fit, the first is "about 3" in line 1004'
    ]


@pytest.mark.parametrize(
    ("values", "existing", "fits"),
    [
        (("1",), "double precision", True),
        (("1.5",), "bigint", False),
        (("1",), "text", True),
        (("9007199254740993",), "double precision", False),
        (("9007199254740993",), "numeric", True),
        (("a",), "bigint", False),
        (("2024-01-01",), "timestamp without time zone", True),
        (("true",), "bigint", False),
        (("",), "boolean", True),
    ],
)
def test_existing_column_accepts_fitting_values(
    values: tuple[str, ...], existing: str, fits: bool
) -> None:
    assert column(*values).holds(existing) is fits


def test_change_of_notation_is_counted() -> None:
    assert column("1.50", "2.5", "3").remarks("double precision") == [
        "1 values written in another notation"
    ]


def test_missing_value_words_are_reported_with_switch() -> None:
    assert column("1", "NA", "NA").remarks("bigint") == [
        '2 missing: "NA" (MISSING=none keeps the words)'
    ]
    other_column = Column("c", missing_words=())
    other_column.observe(["1", "NA"], [2, 3])
    assert other_column.type == "text"


@pytest.mark.parametrize(
    ("values", "hint"),
    [
        (("$1,798.49", "151,67 €"), 'CONVERT="c:money" makes it numeric'),
        (("28%", "3%"), 'CONVERT="c:percent" makes it numeric'),
        (("17/11/2024", "02/05/2024"), 'CONVERT="c:dmy" makes it date'),
        (("11/17/2024", "02/05/2024"), 'CONVERT="c:mdy" makes it date'),
        (("yes", "no"), 'CONVERT="c:yes_no" makes it boolean'),
    ],
)
def test_convertible_column_shows_conversion(values: tuple[str, ...], hint: str) -> None:
    assert column(*values).remarks("text") == [hint]


NUMBERS = st.one_of(
    st.integers(-99, 99).map(str),
    st.decimals(-9, 9, places=2).map(str),
    st.decimals(-1, 1, places=4).map("{:f}".format),
    st.sampled_from(
        ["-0", "-0.0", "0.0", "007", "+1", "1.", ".5", "", "12345678901234567", "1\n2"]
    ),
)


@given(st.lists(st.lists(NUMBERS, min_size=1, max_size=8), min_size=1, max_size=4))
def test_batch_of_numbers_counts_like_single_values(batches: list[list[str]]) -> None:
    def observed() -> dict[str, object]:
        column, line = Column("n"), 1
        for batch in batches:
            column.observe(batch, range(line, line + len(batch)))
            line += len(batch)
        return vars(column)

    # Without the pattern every value goes through the functions of the types.
    with patch("scripts.data.column.SHORT_NUMBERS", lambda text: None):
        value_by_value = observed()
    assert observed() == value_by_value
