"""CSV dialects and encodings, and errors that name the line of a truncated file."""

import csv
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.data.csv_file import CsvFile
from scripts.data.dialect import Dialect
from scripts.errors import UserError


@pytest.fixture
def read(tmp_path: Path):
    """Columns and rows of a file with this content."""

    def of(content: str | bytes, name: str = "file.csv", **options: str):
        path = tmp_path / name
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        file = CsvFile(path, **options)
        return file.columns, [fields for _, fields in file.rows()]

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
def test_dialects_give_same_table(read, content: str) -> None:
    assert read(content) == (["a", "b"], [["1", "x"], ["2", "y"]])


def test_compressed_file_is_read(read) -> None:
    assert read("a,b\n1,x\n", "file.csv.gz") == (["a", "b"], [["1", "x"]])


def test_decimal_comma_is_not_delimiter(read) -> None:
    assert read("a;b\n1,5;2,5\n3,5;4,5\n")[1] == [["1,5", "2,5"], ["3,5", "4,5"]]


def test_quoted_fields_may_contain_delimiters_quotes_and_lines(read) -> None:
    assert read('a,b\n"1,2","say ""hi""\nthere"\n')[1] == [["1,2", 'say "hi"\nthere']]


def test_single_column_is_table(read) -> None:
    assert read("name\nAda\nGrace\n") == (["name"], [["Ada"], ["Grace"]])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b,c\n1,2,3\n1,2\n", r"file.csv, line 3: the row has 2 fields, the first line has 3"),
        ("a,b\n1,2\n1,2,3\n", r"file.csv, line 3: the row has 3 fields, the first line has 2"),
        ('a,b\n"1\n2",2\n3\n', r"file.csv, line 4: the row has 1 field, the first line has 2"),
        ('a,b\n1,2\n3,"4\n5,6\n', r"file.csv, line 3: a quote is opened here and never closed"),
        ('a,b\n1,"2"x\n', r"file.csv, line 2: a quote ends in the middle of a field"),
        (b"a,b\n1,2\n3,\0\n", r'file.csv, line 3: column "b" holds a NUL byte'),
        ("\n\n\n", r"is empty"),
        ("1.5,x\n2.5,y\n", r"first line of file.csv looks like data"),
        (",".join(f"c{n}" for n in range(1_601)), r"has 1,601 columns"),
        ("", r"is empty"),
    ],
)
def test_truncated_file_error_names_line(read, content: str | bytes, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        read(content)
    assert "\n" not in caught.value.line


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ('1,"the name "Ada" is short"', ["1", 'the name "Ada" is short']),
        ('1,"said Ada,"no?"', ["1", 'said Ada,"no?']),
        ('1,"5" pipe","x"', ["1", '5" pipe', "x"]),
        ('1,5" pipe', ["1", '5" pipe']),
        ('1,"two ""right"" quotes"', ["1", 'two "right" quotes']),
        ('1,"two\nlines "here" too"', ["1", 'two\nlines "here" too']),
        ('"",""', ["", ""]),
    ],
)
def test_quote_within_field_is_text_on_request(read, line: str, fields: list[str]) -> None:
    names = "abc"[: len(fields)]
    assert read(",".join(names) + "\n" + line + "\n", quotes="text")[1] == [fields]


@given(st.lists(st.lists(st.text('",\n a'), min_size=2, max_size=2), min_size=1, max_size=5))
def test_well_formed_quotes_are_read_equally(rows: list[list[str]]) -> None:
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows)
    lines = file.getvalue().splitlines(keepends=True)
    assert list(Dialect(has_inner_quotes=True).reader(lines)) == rows


def test_other_word_for_quotes_is_refused(read) -> None:
    with pytest.raises(UserError, match='QUOTES cannot be "all"'):
        read("a\n1\n", quotes="all")


def test_fake_gzip_file_is_error(tmp_path: Path) -> None:
    path = tmp_path / "file.csv.gz"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="cannot be read"):
        CsvFile(path)


def test_missing_file_is_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no file"):
        CsvFile(tmp_path / "none.csv")


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le", "utf-32", "utf-8-sig"])
def test_encoding_is_detected(read, encoding: str) -> None:
    content = "id,town\n1,Köln\n2,München\n3,Lübeck\n"
    assert read(content.encode(encoding))[1] == [["1", "Köln"], ["2", "München"], ["3", "Lübeck"]]


def test_encoding_option_is_used(read) -> None:
    assert read("a,b\n1,日本\n".encode("shift_jis"), encoding="shift_jis")[1] == [["1", "日本"]]
    with pytest.raises(UserError, match="no ascii text"):
        read("a,b\n1,é\n", encoding="ascii")
    with pytest.raises(UserError, match='ENCODING="klingon" is unknown'):
        read("a,b\n1,2\n", encoding="klingon")


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("id,title\n1,'tis nice\n2,the boys'\n3,plain\n", ["'tis nice", "the boys'", "plain"]),
        ("id,title\n1,'a, b'\n2,'c'\n", ["a, b", "c"]),
        ('id,title\n1,"  x "\n2, y \n', ["  x ", " y "]),
        ("id,title\n1,\u00a0z\n2,z\n", ["\u00a0z", "z"]),
        ("id;title\n1;'90s, loud\n2;it's, well\n", ["'90s, loud", "it's, well"]),
    ],
)
def test_values_are_unchanged(read, content: str, rows: list[str]) -> None:
    assert [fields[1] for fields in read(content)[1]] == rows


def test_consecutive_numbers_are_header(read) -> None:
    assert read("label,0,1,2\n5,1,2,3\n")[0] == ["label", "c0", "c1", "c2"]


def test_header_option_is_used(read) -> None:
    assert read("1.5,x\n2.5,y\n", header="no") == (
        ["column_1", "column_2"],
        [["1.5", "x"], ["2.5", "y"]],
    )
    assert read("1.5,x\n2.5,y\n", header="yes")[1] == [["2.5", "y"]]


def test_field_of_megabytes_is_read(read) -> None:
    long = "x" * (5 << 20)
    assert read(f"a,b\n1,{long}\n")[1] == [["1", long]]
