"""Files of rows: what every format offers, and several files read as one."""

from collections.abc import Iterator, Sequence
from glob import glob
from itertools import chain
from pathlib import Path
from typing import Protocol

from scripts.data.csv_file import CsvFile
from scripts.data.parquet_file import ParquetFile
from scripts.errors import UserError

PARQUET_SUFFIXES = (".parquet", ".pq")
PARQUET_MARK = b"PAR1"
# How a file begins that is no table of text, what it is, and what the user can do.
OTHER_FORMATS = {
    b"PK\x03\x04": ("a workbook or a zip archive", "save the sheet as CSV, or unpack the archive"),
    b"\xd0\xcf\x11\xe0": ("a workbook of an old format", "save the sheet as CSV"),
    b"BZh": ("compressed with bzip2", "unpack it, or compress it with gzip"),
    b"\xfd7zXZ": ("compressed with xz", "unpack it, or compress it with gzip"),
    b"\x28\xb5\x2f\xfd": ("compressed with zstd", "unpack it, or compress it with gzip"),
    b"ARROW1": ("an Arrow file", "save it as Parquet"),
    b"SQLite format 3": ("a SQLite database", "export its table as CSV"),
}
GZIP_MARK = b"\x1f\x8b"


class TableFile(Protocol):
    """Rows of text that can be read more than once; `header` and `columns` have equal lengths."""

    name: str
    header: list[str]
    columns: list[str]

    @property
    def format(self) -> str:
        """The format in words."""

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Number and values of every row; the number is for `place` and `error`."""

    def place(self, line: int) -> str:
        """Where a row stands, in words."""

    def error(self, line: int, what: str, do: str = "correct that line") -> UserError:
        """An error in a row of this file."""


class FileSequence:
    """Files with the same columns, read one after another.

    A row's number is its number within its file, plus the offset of that file.
    """

    OFFSET = 10**12

    def __init__(self, files: Sequence[TableFile]) -> None:
        self.files = files
        first = files[0]
        self.header, self.columns = first.header, first.columns
        self.name = f"{first.name} and {len(files) - 1} more"
        for file in files[1:]:
            self._require_equal_columns(file)

    @property
    def format(self) -> str:
        """The formats of the files, each once."""
        return "; ".join(dict.fromkeys(file.format for file in self.files))

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """The rows of all files, with the values in the order of the first file's columns."""
        return chain.from_iterable(map(self._rows, range(len(self.files))))

    def place(self, line: int) -> str:
        """Where a row stands, with the name of its file."""
        file, number = self._file_of(line)
        return f"{file.place(number)} of {file.name}"

    def error(self, line: int, what: str, do: str = "correct that line") -> UserError:
        """An error in a row of one of the files."""
        file, number = self._file_of(line)
        return file.error(number, what, do)

    def _rows(self, index: int) -> Iterator[tuple[int, list[str]]]:
        file, offset = self.files[index], index * self.OFFSET
        order = [file.columns.index(name) for name in self.columns]
        for line, fields in file.rows():
            yield offset + line, [fields[position] for position in order]

    def _file_of(self, line: int) -> tuple[TableFile, int]:
        index, number = divmod(line, self.OFFSET)
        return self.files[index], number

    def _require_equal_columns(self, file: TableFile) -> None:
        missing = [name for name in self.columns if name not in file.columns]
        new_columns = [name for name in file.columns if name not in self.columns]
        if missing or new_columns:
            differences = [
                f"{words} {', '.join(names[:5])}{' …' if len(names) > 5 else ''}"
                for words, names in (("it lacks", missing), ("it also has", new_columns))
                if names
            ]
            raise UserError(
                f"{file.name} has other columns than {self.files[0].name}:"
                f" {'; '.join(differences)}; nothing was loaded",
                "give files with equal columns, or load them as two tables",
            )


def find_files(text: str, option: str = "CSV") -> list[Path]:
    """The files that a setting names: one path, or several paths and patterns between blanks."""
    if Path(text).is_file():
        return [Path(text)]
    files: list[Path] = []
    for word in text.split():
        paths = [word] if Path(word).exists() else sorted(glob(word))  # noqa: PTH207  (absolute patterns)
        if not paths:
            raise UserError(f"There is no file {word}", f"check the path after {option}=")
        files += map(Path, paths)
    if not files:
        raise UserError(f"{option}= names no file", f"{option}=file.csv")
    # A file that a pattern and a path name is read once.
    return list(dict.fromkeys(files))


def open_files(
    paths: Sequence[Path], encoding: str = "", header: str = "", quotes: str = ""
) -> TableFile:
    """One file of several paths. `encoding`, `header` and `quotes`: as for CsvFile."""
    files = [_open(path, encoding, header, quotes) for path in paths]
    return files[0] if len(files) == 1 else FileSequence(files)


def _open(path: Path, encoding: str, header: str, quotes: str) -> TableFile:
    beginning = _beginning(path)
    if beginning.startswith(PARQUET_MARK) or path.suffix.lower() in PARQUET_SUFFIXES:
        return ParquetFile(path)
    for mark, (what, remedy) in OTHER_FORMATS.items():
        if beginning.startswith(mark):
            raise UserError(f"{path.name} is {what}; nothing was loaded", remedy)
    if beginning.startswith(GZIP_MARK) and path.suffix != ".gz":
        raise UserError(
            f"{path.name} is compressed with gzip; nothing was loaded",
            f"rename it to {path.name}.gz",
        )
    return CsvFile(path, encoding, header, quotes)


def _beginning(path: Path) -> bytes:
    if not path.is_file():
        raise UserError(f"There is no file {path}", "check the path after CSV=")
    try:
        with path.open("rb") as file:
            return file.read(16)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error}", "check the file") from None
