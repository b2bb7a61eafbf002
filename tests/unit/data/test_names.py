"""Names that can be written in SQL without quotes."""

import pytest

from scripts.data.names import column_names, require_name, snake_case
from scripts.errors import UserError


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("customerID", "customer_id"),
        ("Customer ID", "customer_id"),
        ("MSSubClass", "ms_sub_class"),
        ("mean radius", "mean_radius"),
        ("Größe (m²)", "grosse_m2"),
        ("1stFlrSF", "c1st_flr_sf"),
        ("__a--b__", "a_b"),
        ("HTMLParser", "html_parser"),
        ("x" * 80, "x" * 63),
        ("日本", ""),
    ],
)
def test_snake_case(text: str, name: str) -> None:
    assert snake_case(text) == name


def test_column_names_are_unique_and_not_empty() -> None:
    assert column_names(["a", "A", "", "a ", "日本"]) == ["a", "a_2", "column_3", "a_3", "column_5"]


def test_long_equal_names_stay_within_limit() -> None:
    names = column_names(["y" * 70, "y" * 71])
    assert len(set(names)) == 2
    assert max(map(len, names)) <= 63


def test_empty_name_is_refused() -> None:
    assert require_name("My Table", "table") == "my_table"
    with pytest.raises(UserError, match='"!!!" gives no table name'):
        require_name("!!!", "table")
