"""`make submission`: the predictions of the unlabelled rows as a CSV file, as in a sample file."""

import csv
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from scripts.add.dbt_files import require_rows
from scripts.add.remove import files_of
from scripts.add.submission_columns import Prediction, Target, target_columns
from scripts.add.task_proposal import MULTILABEL
from scripts.console import say, step
from scripts.data.csv_file import CsvFile
from scripts.data.names import snake_case
from scripts.errors import UserError
from scripts.settings import Settings

CHAMPION = """
    select task, key, target, classes, positive_class
    from ml.model_versions where model = %s and status = 'champion'
"""
# The header of a column in the file that it was loaded from, where that is not its name.
HEADERS = """
    select attname, coalesce(col_description(attrelid, attnum), attname)
    from pg_attribute where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped
"""
COLUMNS = """
    select attname, format_type(atttypid, null)
    from pg_attribute where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped
"""
MULTICLASS = """
    select exists (select from pg_attribute
        where attrelid = to_regclass(%s) and attname = 'probabilities' and not attisdropped)
"""


@dataclass(frozen=True)
class Sample:
    """A sample file: its delimiter, header and rows; the rows decide the order of the result."""

    name: str
    delimiter: str
    header: list[str]
    rows: list[list[str]]

    @classmethod
    def read(cls, path: Path) -> "Sample":
        """Read the file; an error names the line."""
        file = CsvFile(path)
        rows = [[value.strip() for value in fields] for _, fields in file.rows()]
        return cls(path.name, file.dialect.delimiter, file.header, rows)

    def key_position(self, names: list[str], columns: dict[str, str], target: str) -> int:
        """The first column that the table has too and that is not the target.

        `names`: the column of the table that each text of the header means.
        """
        for position, name in enumerate(names):
            if name in columns and name != target:
                return position
        raise UserError(
            f"{self.name} has no column that names a row: none of {', '.join(self.header[:5])}"
            " is a column of the table",
            "name the column of its keys as in the table",
        )


def submit(settings: Settings, name: str, sample_file: Path | None, to: Path | None) -> None:
    """Write the predictions of the rows without a label; a sample file gives columns and order."""
    schema, _ = files_of(settings.root, name)
    require_rows(settings.root, name, schema)
    to = to or settings.root / "submissions" / f"{name}.csv"
    sample = Sample.read(sample_file) if sample_file else None
    with (
        step(f"Writing the predictions of {name}") as current,
        closing(psycopg2.connect(**settings.dsn("transformer"))) as connection,
        connection.cursor() as cursor,
    ):
        staging = sql.Identifier("staging", f"stg_{schema}__{name}")
        table = _Unlabelled(cursor, name, staging)
        cursor.execute(HEADERS, [sql.Identifier(schema, name).as_string(cursor)])
        headers: dict[str, str] = dict(cursor.fetchall())
        if sample:
            header, delimiter = sample.header, sample.delimiter
            rows, notes = _as_sample(table, sample, headers)
        else:
            header = [headers.get(each, each) for each in (table.key, table.target.name)]
            delimiter, notes = ",", []
            rows = [[key, each.label] for key, each in table.predictions(table.key).items()]
        _write(to, delimiter, [header, *rows])
        current.note(f"{len(rows):,} rows in {to}")
    for note in notes:
        say(f"  {note}")


class _Unlabelled:
    """The rows of a model without a value in its target."""

    def __init__(self, cursor: Cursor, name: str, staging: sql.Identifier) -> None:
        self.cursor, self.name, self.staging = cursor, name, staging
        self.relation = sql.Identifier("predictions", f"pred_{name}")
        cursor.execute(COLUMNS, [staging.as_string(cursor)])
        self.columns: dict[str, str] = dict(cursor.fetchall())
        cursor.execute(CHAMPION, [name])
        champion = cursor.fetchone()
        cursor.execute("select to_regclass(%s)", [self.relation.as_string(cursor)])
        if not champion or not self.columns or not cursor.fetchone()[0]:
            raise UserError(
                f"The model {name} has no predictions yet", f"make build SELECT={name}+"
            )
        task, self.key, target, classes, positive = champion
        if not target:
            raise UserError(
                f"The model {name} has no target ({task}), so there are no unlabelled rows",
                f"its results are the rows of predictions.pred_{name}",
            )
        if task == MULTILABEL:
            raise UserError(
                f"The model {name} predicts several labels, and a submission holds one target",
                f"read the table predictions.pred_{name}",
            )
        names = [each["class"] for each in classes or []]
        self.target = Target(target, self.columns[target], task, names, positive or "")

    def predictions(self, key: str) -> dict[str, Prediction]:
        """Prediction by the value of a column that identifies the rows, ordered by it."""
        self.cursor.execute(MULTICLASS, [self.relation.as_string(self.cursor)])
        probabilities = "predictions.probabilities" if self.cursor.fetchone()[0] else "null"
        query = sql.SQL(
            "select source_rows.{key}::text, predictions.prediction, predictions.score, {}"
            " from {} as source_rows left join {} as predictions using ({})"
            " where source_rows.{target} is null order by source_rows.{key}"
        ).format(
            sql.SQL(probabilities), self.staging, self.relation, sql.Identifier(self.key),
            key=sql.Identifier(key), target=sql.Identifier(self.target.name),
        )  # fmt: skip
        self.cursor.execute(query)
        rows = self.cursor.fetchall()
        if not rows:
            raise UserError(
                f"{self.name} has no row without a value in {self.target.name}",
                "make add CSV=… TEST=file.csv loads rows to predict",
            )
        if any(prediction is None for _, prediction, _, _ in rows):
            raise UserError("Some rows have no prediction yet", f"make build SELECT={self.name}+")
        result = {row[0]: Prediction(row[1], row[2], row[3]) for row in rows}
        if len(result) < len(rows) or None in result:
            raise UserError(
                f"The column {key} is empty in some rows to predict, or has a value twice",
                f"a sample file needs a column that identifies the rows, such as {self.key}",
            )
        return result


def _as_sample(
    table: _Unlabelled, sample: Sample, headers: dict[str, str]
) -> tuple[list[list[str]], list[str]]:
    """The rows in the order and columns of the sample, and what the user should know.

    `headers`: by column of the table, that of the file.
    """
    by_header = {header: name for name, header in reversed(headers.items())}
    names = [by_header.get(text) or snake_case(text) for text in sample.header]
    position = sample.key_position(names, table.columns, table.target.name)
    predictions = table.predictions(names[position])
    unknown = [row[position] for row in sample.rows if row[position] not in predictions]
    if unknown:
        raise UserError(
            f"{sample.name} names {len(unknown):,} rows that are not among the rows to predict, the"
            f" first is {sample.header[position]} {unknown[0]}",
            "give the sample file that belongs to the file in TEST",
        )
    columns, notes = target_columns(table.target, sample.header, names, sample.rows, position)
    rows = [
        [
            row[position] if n == position else columns[n](predictions[row[position]])
            for n in range(len(sample.header))
        ]
        for row in sample.rows
    ]
    left_out = len(predictions.keys() - {row[position] for row in sample.rows})
    if left_out:
        notes.append(f"{left_out:,} rows to predict are not in {sample.name} and were left out")
    return rows, notes


def _write(path: Path, delimiter: str, rows: list[list[str]]) -> None:
    """Write the file; it is complete, or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    with draft.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter, lineterminator="\n").writerows(rows)
    draft.replace(path)
