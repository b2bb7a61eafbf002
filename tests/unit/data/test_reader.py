"""CSV files as people have them, and each torn one named by its line."""

import gzip
from pathlib import Path

import pytest

from scripts.data.reader import CsvFile
from scripts.errors import UserError


@pytest.fixture
def read(tmp_path: Path):
    """Columns and rows of a file with this content."""

    def of(content: str | bytes, name: str = "file.csv"):
        path = tmp_path / name
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        file = CsvFile(path)
        return file.columns, list(file.rows())

    return of


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1,x\n2,y\n",
        "a;b\n1;x\n2;y\n",
        "a\tb\n1\tx\n2\ty\n",
        "a|b\n1|x\n2|y",
        "\ufeffa,b\r\n1,x\r\n2,y\r\n",
        "a, b\n1, x\n2, y\n",
        "'a','b'\n'1','x'\n'2','y'\n",
        '"a";"b"\n"1";"x"\n"2";"y"\n',
        "a,b\n1,x\n\n2,y\n\n",
    ],
)
def test_all_of_these_are_the_same_table(read, content: str) -> None:
    assert read(content) == (["a", "b"], [["1", "x"], ["2", "y"]])


def test_packed_files_are_read_as_they_are(read) -> None:
    assert read("a,b\n1,x\n", "file.csv.gz") == (["a", "b"], [["1", "x"]])


def test_a_decimal_comma_is_no_delimiter(read) -> None:
    assert read("a;b\n1,5;2,5\n3,5;4,5\n")[1] == [["1,5", "2,5"], ["3,5", "4,5"]]


def test_quoted_fields_hold_delimiters_quotes_and_lines(read) -> None:
    assert read('a,b\n"1,2","say ""hi""\nthere"\n')[1] == [["1,2", 'say "hi"\nthere']]


def test_one_column_is_a_table_too(read) -> None:
    assert read("name\nAda\nGrace\n") == (["name"], [["Ada"], ["Grace"]])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b,c\n1,2,3\n1,2\n", r"file.csv, line 3: the row has 2 fields, the header has 3"),
        ("a,b\n1,2\n1,2,3\n", r"file.csv, line 3: the row has 3 fields, the header has 2"),
        ('a,b\n"1\n2",2\n3\n', r"file.csv, line 4: the row has 1 field, the header has 2"),
        ('a,b\n1,2\n3,"4\n5,6\n', r"file.csv, line 3: a quote is opened here and never closed"),
        ('a,b\n1,"2"x\n', r"file.csv, line 2: a quote ends in the middle of a field"),
        (b"a,b\n1,2\n3,\xe4\n", r"file.csv, line 3: not UTF-8 text"),
        ("", r"is empty"),
    ],
)
def test_a_torn_file_is_named_by_its_line(read, content: str | bytes, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        read(content)
    assert "\n" not in caught.value.line


def test_a_file_that_only_pretends_to_be_packed(tmp_path: Path) -> None:
    path = tmp_path / "file.csv.gz"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="cannot be read"):
        CsvFile(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no file"):
        CsvFile(tmp_path / "none.csv")
