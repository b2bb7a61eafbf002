"""Which files are read, and several of them, or a Parquet file, as one table of text."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scripts.data.table_file import find_files, open_files
from scripts.errors import UserError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def values(*names: str) -> list[list[str]]:
    return [row for _, row in open_files([Path(name) for name in names]).rows()]


def test_paths_and_patterns_name_files_once(folder: Path) -> None:
    for name in ("b.csv", "a.csv", "two words.csv"):
        (folder / name).write_text("x\ny\n")
    assert find_files("two words.csv") == [Path("two words.csv")]
    assert find_files("b.csv ?.csv") == [Path("b.csv"), Path("a.csv")]
    for text in ("gone.csv", "a.csv gone*.csv", " "):
        with pytest.raises(UserError, match=r"There is no file gone|names no file"):
            find_files(text)


def test_files_are_joined_by_the_names_of_their_columns(folder: Path) -> None:
    (folder / "a.csv").write_text("Day,amount\n2026-01-01,1\n")
    (folder / "b.csv").write_text("amount;day\n2;2026-01-02\n")
    pq.write_table(pa.table({"day": [date(2026, 1, 3)], "amount": [3]}), "c.parquet")
    assert values("a.csv", "b.csv", "c.parquet") == [
        ["2026-01-01", "1"],
        ["2026-01-02", "2"],
        ["2026-01-03", "3"],
    ]


def test_files_with_other_columns_are_refused(folder: Path) -> None:
    (folder / "a.csv").write_text("day,amount\n2026-01-01,1\n")
    (folder / "b.csv").write_text("day,sum\n2026-01-02,2\n")
    with pytest.raises(UserError, match=r"b\.csv .* a\.csv: it lacks amount; it also has sum"):
        values("a.csv", "b.csv")


def test_bad_row_error_names_file(folder: Path) -> None:
    (folder / "a.csv").write_text("day,amount\n1,1\n")
    (folder / "b.csv").write_text("day,amount\n1,1\n2\n")
    with pytest.raises(UserError, match=r"b\.csv, line 3: the row has 1 field"):
        values("a.csv", "b.csv")
    file = open_files([Path("a.csv"), Path("b.csv")])
    last = max(line for line, _ in open_files([Path("a.csv"), Path("a.csv")]).rows())
    assert file.place(last) == "line 2 of b.csv"
    assert "b.csv, line 2: odd" in str(file.error(last, "odd"))


def test_values_of_a_parquet_file_are_those_of_a_csv_file(folder: Path) -> None:
    columns = {
        "flag": pa.array([True, None]),
        "code": pa.array(["007", ""]).dictionary_encode(),
        "price": pa.array([0.1, float("nan")]),
        "exact": pa.array([Decimal("1.50"), None]),
        "at": pa.array([datetime(2026, 1, 2, 3, 4, 5, 600_000), None], pa.timestamp("ns")),
        "none": pa.nulls(2),
    }
    pq.write_table(pa.table(columns), "t.parquet")
    first, second = values("t.parquet")
    assert first == ["true", "007", "0.1", "1.50", "2026-01-02T03:04:05.600000", ""]
    assert second == [""] * 6


def test_nanoseconds_of_a_parquet_file_stay(folder: Path) -> None:
    moment = 1_767_398_400_000_000_000  # 2026-01-03 00:00
    columns = {
        "at": pa.array([moment + 7, None, moment, -1], pa.timestamp("ns")),
        "local": pa.array([moment + 7, None, moment, -1], pa.timestamp("ns", "+02:00")),
        "clock": pa.array([7, None, 0, 1_500], pa.time64("ns")),
        "micro": pa.array([moment + 7_000, None, moment, 0], pa.timestamp("ns")),
    }
    pq.write_table(pa.table(columns), "t.parquet")
    assert values("t.parquet") == [
        [
            "2026-01-03T00:00:00.000000007", "2026-01-03T02:00:00.000000007+02:00",
            "00:00:00.000000007", "2026-01-03T00:00:00.000007",
        ],
        ["", "", "", ""],
        [
            "2026-01-03T00:00:00.000000000", "2026-01-03T02:00:00.000000000+02:00",
            "00:00:00.000000000", "2026-01-03T00:00:00",
        ],
        [
            "1969-12-31T23:59:59.999999999", "1970-01-01T01:59:59.999999999+02:00",
            "00:00:00.000001500", "1970-01-01T00:00:00",
        ],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.parquet", b"PAR1 and nothing else", "cannot be read"),
        ("t.parquet", b"a,b\n1,2\n", "cannot be read"),
        ("t.xlsx", b"PK\x03\x04rest", "a workbook or a zip archive"),
        ("t.csv", b"\x1f\x8brest", "compressed with gzip"),
    ],
)
def test_other_formats_are_refused(folder: Path, name: str, content: bytes, message: str) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(UserError, match=message):
        values(name)


@pytest.mark.parametrize("column", [[[1, 2]], [{"a": 1}], [b"bytes"]])
def test_parquet_column_of_lists_is_refused(folder: Path, column: list) -> None:
    pq.write_table(pa.table({"parts": column}), "t.parquet")
    with pytest.raises(UserError, match="column parts holds"):
        values("t.parquet")
