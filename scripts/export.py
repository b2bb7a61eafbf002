"""`make export`: a model as plain SQL, for a PostgreSQL server without PL/Python.

Writes four files: predict.sql (a view with the predictions), registry.sql and reports.sql (what is
known of the version, as tables), and README.md.
"""

import re
from contextlib import closing
from pathlib import Path

import click
import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from scripts.errors import UserError

VERSION = """
    select version, algorithm, key, task, target, metric, score, baseline, rows_train, trained_at
    from ml.model_versions
    where model = %s and case when %s is null then status = 'champion' else version = %s end
"""
# Tables with a row or more for each model; artifacts are bytes that only the engine can read.
TABLES = """
    select relname::text
    from pg_class
    where
        relnamespace = to_regnamespace(%s)
        and relkind in ('r', 'v', 'm')
        and relname not in ('artifacts', 'group_artifacts')
        and has_table_privilege(oid, 'select')
        and exists (
            select from pg_attribute
            where attrelid = pg_class.oid and attname = 'model' and not attisdropped
        )
    order by 1
"""
COLUMNS = """
    select attname::text, format_type(atttypid, atttypmod)
    from pg_attribute
    where attrelid = format('%%I.%%I', %s::text, %s::text)::regclass
        and attnum > 0 and not attisdropped
    order by attnum
"""
# psql puts the name of the table into the statement.
PREDICT = """\
-- The predictions of {title}.
-- psql -v source=public.customers -f predict.sql
\\if :{{?source}}
\\else
    \\warn 'Name the table with the rows: psql -v source=schema.table -f predict.sql'
    \\quit
\\endif

create schema if not exists predictions;
drop view if exists predictions.{view};
create view predictions.{view} as
{statement};
"""
README = """\
# {title}

| | |
| --- | --- |
| predicts | {target} ({task}) |
| algorithm | {algorithm} |
| score on test rows | {metric} {score}; the baseline has {baseline} |
| training rows | {rows_train} |
| trained | {trained_at:%Y-%m-%d %H:%M} |

The files need PostgreSQL 15 or later and nothing else: no PL/Python and no extension.

- `predict.sql` creates the view `predictions.{view}`: key, prediction, score and probabilities of
  each row of a table, whose columns have the names of the training.
- `registry.sql` creates the schema `ml` with the rows of the registry about this version.
- `reports.sql` creates the schema `reports` with the rows of the dashboards about this model.

```
psql -v ON_ERROR_STOP=1 -v source=public.customers -f predict.sql
psql -v ON_ERROR_STOP=1 -f registry.sql -f reports.sql
```

Each file can be run again.
"""


@click.command()
@click.argument("name")
@click.option("--to", default="", help="The folder to write; it is made if it is missing.")
@click.option("--version", type=int, default=None, help="The version; default: the champion.")
def export(name: str, to: str, version: int | None) -> None:
    """Write a model as plain SQL, with its registry rows and reports."""
    from scripts.console import step
    from scripts.stack.commands import running_stack

    if not name or not to:
        raise UserError("export needs a model and a folder", "make export NAME=churn TO=folder")
    with (
        running_stack() as (settings, _),
        step(f"Writing {name} to {to}") as current,
        closing(psycopg2.connect(**settings.dsn("transformer"))) as connection,
        connection.cursor() as cursor,
    ):
        files = export_files(cursor, name, version)
        folder = settings.root / to
        write_files(folder, files)
        current.note(", ".join(files))


def write_files(folder: Path, files: dict[str, str]) -> None:
    """Write each text to its file; a folder with other files is refused."""
    if folder.exists() and (not folder.is_dir() or {p.name for p in folder.iterdir()} - set(files)):
        raise UserError(f"{folder} has other contents", "name a folder that is empty or missing")
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        (folder / file).write_text(text, encoding="utf-8")


def export_files(cursor: Cursor, name: str, version: int | None = None) -> dict[str, str]:
    """The text of each file by its name."""
    try:
        cursor.execute("select ml.export(%s, ':source', %s)", [name, version])
        (statement,) = cursor.fetchone()
    except psycopg2.Error as error:
        cursor.connection.rollback()
        message = error.diag.message_primary or str(error)
        raise UserError(message, error.diag.message_hint or "") from None
    cursor.execute(VERSION, [name, version, version])
    assert cursor.description is not None
    names = [column.name for column in cursor.description]
    facts = dict(zip(names, cursor.fetchone() or (), strict=True))
    title = f"{name}, version {facts['version']}"
    view = "pred_" + re.sub(r"\W+", "_", name.lower())
    return {
        "predict.sql": PREDICT.format(title=title, view=f'"{view}"', statement=statement),
        "registry.sql": _rows(cursor, "ml", name, facts["version"]),
        "reports.sql": _rows(cursor, "reports", name, None),
        "README.md": README.format(**facts | {"title": title, "view": view}),
    }


def _rows(cursor: Cursor, schema: str, model: str, version: int | None) -> str:
    """A script that creates the tables of a schema and inserts the rows of a model."""
    cursor.execute(TABLES, [schema])
    tables = [table for (table,) in cursor.fetchall()]
    parts = ["begin;", f"create schema if not exists {schema};"]
    for table in tables:
        cursor.execute(COLUMNS, [schema, table])
        columns = cursor.fetchall()
        parts.append(_table_script(cursor, schema, table, columns, model, version))
    return "\n".join([*parts, "commit;"]) + "\n"


def _table_script(
    cursor: Cursor,
    schema: str,
    table: str,
    columns: list[tuple],
    model: str,
    version: int | None,
) -> str:
    place = sql.Identifier(schema, table)
    is_versioned = version is not None and "version" in {name for name, _ in columns}
    condition = sql.SQL("model = {}").format(sql.Literal(model))
    if is_versioned:
        condition += sql.SQL(" and version = {}").format(sql.Literal(version))
    cursor.execute(
        sql.SQL(
            "select coalesce(jsonb_agg(to_jsonb(rows)), '[]')::text from {} as rows where {}"
        ).format(place, condition)
    )
    (rows,) = cursor.fetchone()
    definitions = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(type_name))
        for name, type_name in columns
    )
    statements = [
        sql.SQL("create table if not exists {} ({});").format(place, definitions),
        sql.SQL("delete from {} where {};").format(place, condition),
    ]
    if rows != "[]":
        statements.append(
            sql.SQL("insert into {} select * from jsonb_populate_recordset(null::{}, {});").format(
                place, place, sql.Literal(rows)
            )
        )
    return "\n".join(statement.as_string(cursor) for statement in statements)
