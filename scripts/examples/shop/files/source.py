"""CSV files as a source of the shop."""

import csv
import gzip
import hashlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from scripts.errors import UserError

HERE = Path(__file__).parent
SUFFIXES = (".csv", ".csv.gz")
# Every source names countries; few have their codes.
ISO_CODES = HERE / "iso_codes.csv"


@dataclass(frozen=True)
class File:
    """A required file: its name without suffix, and the SQL type of each column that is read."""

    name: str
    columns: dict[str, str]


@dataclass(frozen=True)
class Files:
    """Files with their paths, and the SQL scripts that fill the shop from them."""

    name: str
    files: tuple[tuple[File, Path], ...]
    scripts: tuple[str, ...]

    def mark(self) -> str:
        """A hash of the files and of the scripts that read them."""
        rules = [*(HERE / script for script in self.scripts), ISO_CODES]
        digest = hashlib.sha256()
        for path in [*rules, *(path for _, path in self.files)]:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return f"{self.name}: files {digest.hexdigest()[:12]}"

    def fill(self, cursor: Cursor, progress: Callable[[str], None]) -> None:
        """Copy each file into a temporary table with its name, then run the scripts."""
        read(cursor, ISO_CODES, File("iso_codes", {"name": "text", "iso_code": "char(2)"}))
        for file, path in self.files:
            progress(path.name)
            read(cursor, path, file)
        progress("filling the shop")
        for script in self.scripts:
            cursor.execute((HERE / script).read_text(encoding="utf-8"))


def in_folder(folder: Path, files: tuple[File, ...]) -> tuple[tuple[File, Path], ...]:
    """The paths of the files in a folder; raises UserError if one is missing."""
    return tuple((file, find(folder, file.name)) for file in files)


def find(folder: Path, name: str) -> Path:
    """The path of a file, compressed or not."""
    if not folder.is_dir():
        raise UserError(f"There is no folder {folder}", "say where the files are: FILES=folder")
    for suffix in SUFFIXES:
        if (folder / f"{name}{suffix}").is_file():
            return folder / f"{name}{suffix}"
    raise UserError(
        f"{folder} holds no {name}.csv (nor {name}.csv.gz)", "say where the files are: FILES=folder"
    )


def read(cursor: Cursor, path: Path, definition: File) -> None:
    """COPY a file into the temporary table `definition.name`.

    Columns are identified by name, in any case and order. Columns outside the definition become
    text. The additional column `row_number` holds the order of the lines.
    """
    encoding = _encoding(path)
    with _open(path) as file:
        header = next(csv.reader(io.TextIOWrapper(io.BytesIO(file.readline()), encoding)), [])
        header = [name.strip().lstrip("\ufeff").lower() for name in header]
        missing = [name for name in definition.columns if name not in header]
        if missing:
            raise UserError(
                f"{path.name} has no column {missing[0]}; it has {', '.join(header) or 'nothing'}",
                "use the file as it was published",
            )
        table = sql.Identifier(definition.name)
        cursor.execute(
            sql.SQL("create temporary table {} (row_number bigserial, {}) on commit drop").format(
                table,
                sql.SQL(", ").join(
                    sql.SQL("{} {}").format(
                        sql.Identifier(name), sql.SQL(definition.columns.get(name, "text"))
                    )
                    for name in header
                ),
            )
        )
        statement = sql.SQL("copy {} ({}) from stdin with (format csv, encoding {})").format(
            table, sql.SQL(", ").join(map(sql.Identifier, header)), sql.Literal(encoding)
        )
        try:
            cursor.copy_expert(statement.as_string(cursor), file)
        except psycopg2.DataError as error:
            raise _bad_row(path, error) from None
    cursor.execute(sql.SQL("analyze {}").format(table))


def _open(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _encoding(path: Path) -> str:
    """UTF-8, or Latin-1, which older spreadsheet exports use."""
    with _open(path) as file:
        try:
            while block := file.read(1 << 20):
                # A block may end within a character; the end of a line cannot.
                (block + file.readline()).decode()
        except UnicodeDecodeError:
            return "latin1"
    return "utf8"


def _bad_row(path: Path, error: psycopg2.DataError) -> UserError:
    """The error with the line in the file; PostgreSQL counts from the line below the header."""
    match = re.search(r", line (\d+)(, column \w+)?", error.diag.context or "")
    where = f", line {int(match[1]) + 1}{match[2] or ''}" if match else ""
    return UserError(
        f"{path.name}{where}: {error.diag.message_primary}; the shop is unchanged",
        "correct that line",
    )
