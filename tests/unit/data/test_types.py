"""The type of a column is found from all of its values, and nothing is lost by it."""

import pytest

from scripts.data.types import Column


def column(*values: str) -> Column:
    found = Column("c")
    found.see(values)
    return found


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (("true", "False", ""), "boolean"),
        (("Yes", "No"), "text"),
        (("0", "1"), "bigint"),
        (("1", "-20", "+3"), "bigint"),
        (("00123", "00124"), "text"),
        (("1", "007"), "text"),
        (("0", "0.5"), "double precision"),
        (("1", "2.5", "", "1e-3", ".5", "5."), "double precision"),
        (("1.5", "nan"), "double precision"),
        (("1.5", "1e999"), "text"),
        (("1,5",), "text"),
        (("123456789012345678",), "bigint"),
        (("1234567890123456789",), "text"),
        (("1.5", "1234567890123456789"), "text"),
        (("2024-02-29", ""), "date"),
        (("2023-02-29",), "text"),
        (("2024-02-29", "2024-03-01 10:00"), "timestamp without time zone"),
        (("2024-03-01T10:00:00.25",), "timestamp without time zone"),
        (("2024-03-01 25:00",), "text"),
        (("2024-03-01T10:00:00Z", "2024-03-01 10:00+02:00"), "timestamp with time zone"),
        (("2024-03-01T10:00:00Z", "2024-03-01 10:00"), "text"),
        (("01.02.2024",), "text"),
        (("a", "1"), "text"),
        (("", ""), "text"),
        ((), "text"),
    ],
)
def test_type_of_values(values: tuple[str, ...], kind: str) -> None:
    assert column(*values).type == kind


def test_a_late_value_counts_as_much_as_an_early_one() -> None:
    found = column("1", "2")
    found.see(["3"] * 1000)
    assert found.type == "bigint"
    found.see(["n/a"])
    assert found.type == "text"


@pytest.mark.parametrize(
    ("values", "existing", "fits"),
    [
        (("1",), "double precision", True),
        (("1.5",), "bigint", False),
        (("1",), "text", True),
        (("a",), "bigint", False),
        (("2024-01-01",), "timestamp without time zone", True),
        (("true",), "bigint", False),
        (("",), "boolean", True),
    ],
)
def test_an_existing_column_takes_what_it_can_hold(
    values: tuple[str, ...], existing: str, fits: bool
) -> None:
    assert column(*values).fits_into(existing) is fits
