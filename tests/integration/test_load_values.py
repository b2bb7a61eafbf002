"""Every value of a file is stored unchanged, or in another notation of the same value."""

import csv
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import hypothesis
import psycopg2
import pytest
from hypothesis import strategies as st

from scripts.data.column import MISSING_WORDS
from scripts.data.load import LoadResult, Options, load_files
from scripts.errors import UserError

WORDS = st.text(
    st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=12
)
NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70).map(str),
    st.floats(allow_nan=False).map(repr),
    st.decimals(allow_nan=False, allow_infinity=False, places=4).map("{:f}".format),
)
CODES = st.sampled_from(
    ["007", "+49", "1E5", "2E11", "-0", "1.50", "1e-7", ".5", "5.", " 12", "12 ", "true", "TRUE"]
)
MOMENTS = st.one_of(
    st.dates().map(str),
    st.datetimes().map(str),
    st.datetimes().map(lambda moment: f"{moment:%Y-%m-%dT%H:%M}+05:30"),
    st.just("2024-01-01 10:00+16:00"),
)
MISSING = st.sampled_from([*sorted(MISSING_WORDS), ""])
COLUMNS = st.sampled_from([WORDS, NUMBERS, CODES, MOMENTS]).flatmap(
    lambda values: st.lists(st.one_of(values, values, values, MISSING), min_size=6, max_size=6)
)


@pytest.fixture(scope="module")
def dsn(server) -> dict:
    return server.dsn("transformer")


def rows(dsn: dict, query: str) -> list[tuple]:
    with closing(psycopg2.connect(**dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("set timezone to 'UTC'")
        cursor.execute(query)
        return cursor.fetchall()


def load(dsn: dict, path: Path, **options: str) -> LoadResult:
    return load_files(dsn, [path], "loaded_values", options=Options(**options))


def is_same(value: str, stored: str | None, kind: str) -> bool:
    """Whether a stored value means what the file says, decided without the loader's own rules."""
    if stored is None:
        return value == "" or (kind != "text" and value.strip(" \t") in {"", *MISSING_WORDS})
    if kind == "text":
        return value == stored
    bare = value.strip(" \t")
    if kind == "boolean":
        return bare.lower() == stored
    if kind in ("bigint", "numeric", "double precision"):
        if bare.startswith("+") or (bare.isdigit() and bare.startswith("0") and bare != "0"):
            return False
        # PostgreSQL writes a double in as many digits as Python does, but not always the same.
        number = repr(float(stored)) if kind == "double precision" else stored
        return Decimal(bare) == Decimal(number)
    return datetime.fromisoformat(bare) == datetime.fromisoformat(stored)


@hypothesis.settings(max_examples=200, deadline=None)
@hypothesis.given(st.lists(COLUMNS, min_size=1, max_size=6), st.sampled_from(",;\t|"))
def test_values_round_trip(dsn, tmp_path_factory, columns: list[list[str]], delimiter: str) -> None:
    path = tmp_path_factory.getbasetemp() / "loaded_values.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerow([f"name {position}" for position in range(len(columns))])
        writer.writerows(zip(*columns, strict=True))
    result = load(dsn, path, header="yes")
    column_list = ", ".join(f"{name}::text" for name in result.columns)
    stored_rows = rows(dsn, f"select {column_list} from csv.loaded_values order by ctid")
    assert len(stored_rows) == len(columns[0])
    for position, kind in enumerate(result.columns.values()):
        for value, row in zip(columns[position], stored_rows, strict=True):
            assert is_same(value, row[position], kind), (value, row[position], kind)


def test_requested_conversions_are_counted(dsn, tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_text(
        'price,day,share\n"$1,200.50",31/12/2023,5%\n"12,75 €",01/02/2024,7.5%\nNA,,?\n', "utf-8"
    )
    result = load(dsn, path, conversions="price:money, day:dmy, share:percent")
    assert rows(dsn, "select price, day::text, share from csv.loaded_values order by ctid") == [
        (Decimal("1200.50"), "2023-12-31", Decimal(5)),
        (Decimal("12.75"), "2024-02-01", Decimal("7.5")),
        (None, None, None),
    ]
    assert result.reports[0].remarks[0] == "2 values converted (money)"


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (
            "price\n5 €\nfree\n",
            {"conversions": "price:money"},
            r'line 3: column price holds "free"',
        ),
        ("price\n5\n", {"conversions": "cost:money"}, r'CONVERT names "cost"'),
        ("price\n5\n", {"conversions": "price:gold"}, r'CONVERT cannot make "gold"'),
        ("price\n5\n", {"header": "maybe"}, r'HEADER cannot be "maybe"'),
    ],
)
def test_invalid_load_is_one_line_error(dsn, tmp_path, content, options, message) -> None:
    path = tmp_path / "sales.csv"
    path.write_text(content, "utf-8")
    with pytest.raises(UserError, match=message) as caught:
        load(dsn, path, **options)
    assert "\n" not in caught.value.line


@pytest.mark.parametrize("columns", [1_201, 1_600])
def test_too_wide_row_error_names_columns(dsn, tmp_path: Path, columns: int) -> None:
    path = tmp_path / "wide.csv"
    header = ",".join(f"g{number}" for number in range(columns))
    path.write_text(f"{header}\n{','.join(['0.5'] * columns)}\n")
    with pytest.raises(UserError, match=rf"wide\.csv has {columns:,} columns.*array column"):
        load(dsn, path)


def test_changed_names_keep_header_as_comment(dsn, tmp_path: Path) -> None:
    path = tmp_path / "boxes.csv"
    path.write_text("image,xmin,Größe (m²),日本\na.png,1,2,3\n", "utf-8")
    result = load(dsn, path)
    assert list(result.columns) == ["image", "xmin_column", "grosse_m2", "column_4"]
    comments = rows(
        dsn,
        "select attname, col_description(attrelid, attnum) from pg_attribute"
        " where attrelid = 'csv.loaded_values'::regclass and attnum > 0 order by attnum",
    )
    assert comments == [
        ("image", None),
        ("xmin_column", "xmin"),
        ("grosse_m2", "Größe (m²)"),
        ("column_4", "日本"),
    ]


@pytest.mark.parametrize("schema", ["vault", "ml", "shop", "ada_features", "pg_catalog"])
def test_tables_of_other_schemas_are_refused(dsn, tmp_path: Path, schema: str) -> None:
    path = tmp_path / "sat_country.csv"
    path.write_text("a\n1\n")
    with pytest.raises(UserError, match=f"schema {schema} belong to"):
        load_files(dsn, [path], schema=schema)
