"""The tutorials: their SQL runs, in order, and their commands exist."""

import re
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from tests.conftest import ROOT, Warehouse

FOLDER = ROOT / "docs" / "tutorials"
TUTORIALS = sorted(set(FOLDER.glob("*.md")) - {FOLDER / "README.md"})
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
VERB = re.compile(r"\bmake ([a-z][a-z-]*)")
# Such a block reads what dbt builds for the dashboards; the others need the engine alone.
SAVED_QUERY = "-- Saved query: "


def blocks(file: Path, language: str) -> list[str]:
    """The code blocks of a language in a Markdown file."""
    code_blocks = BLOCK.findall(file.read_text(encoding="utf-8"))
    return [text for name, text in code_blocks if name == language]


def test_index_lists_all_tutorials() -> None:
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert len(TUTORIALS) >= 6
    assert [file.name for file in TUTORIALS if f"({file.name})" not in index] == []


@pytest.mark.parametrize("file", TUTORIALS, ids=lambda file: file.stem)
def test_commands_exist(file: Path) -> None:
    verbs = re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    commands = " ".join(blocks(file, "bash"))
    assert set(VERB.findall(commands)) <= set(verbs)


@pytest.mark.parametrize(
    "file", [file for file in TUTORIALS if blocks(file, "sql")], ids=lambda file: file.stem
)
def test_sql_runs(engine: Warehouse, file: Path) -> None:
    """Each tutorial is one session; whatever it makes is rolled back."""
    with closing(psycopg2.connect(**engine.dsn("transformer"))) as session:
        cursor = session.cursor()
        for block in blocks(file, "sql"):
            if not block.startswith(SAVED_QUERY):
                cursor.execute(block)
                assert cursor.statusmessage, block


def test_saved_queries_run_as_analyst(warehouse: Warehouse) -> None:
    """SQL Lab sends one SELECT as the role analyst, through the same function."""
    queries = [
        block
        for file in TUTORIALS
        for block in blocks(file, "sql")
        if block.startswith(SAVED_QUERY)
    ]
    with (
        closing(psycopg2.connect(**warehouse.dsn("analyst"))) as session,
        session.cursor() as cursor,
    ):
        for query in queries:
            cursor.execute("select access.open_query(%s)", [query])
            cursor.execute(f'fetch all from "{cursor.fetchone()[0]}"')
            assert cursor.description, query


def test_sql_of_the_shop_returns_rows(warehouse: Warehouse) -> None:
    """Blocks of the language pgsql read what the build of the shop has made."""
    statements = [block for file in TUTORIALS for block in blocks(file, "pgsql")]
    with closing(psycopg2.connect(**warehouse.dsn("transformer"))) as session:
        cursor = session.cursor()
        for statement in statements:
            cursor.execute(statement)
            assert cursor.rowcount > 0, statement
            # Nothing was known before the build.
            cursor.execute(statement.replace("clock_timestamp()", "timestamptz '2000-01-01'"))
            assert cursor.rowcount == 0, statement
    assert len(statements) == 2
