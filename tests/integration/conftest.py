"""Databases for the integration tests.

Fixtures of tests/conftest.py, each a copy of a template that is made once (tests/clusters.py):
`server` (no data), `engine` (functions, sample table), `warehouse` (shop and all dbt models). They
live as long as the test process, so a test puts back what it changes. `warehouse_copy` lives as
long as a module and may be changed; for a cluster of one test, or one built from a changed copy of
the project, take the context manager itself:

    with cluster("warehouse", root=folder) as warehouse:
        build(warehouse.settings, warehouse.stack, show=False)
"""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest

from scripts.errors import UserError
from scripts.examples.shop.bulk_insert import TABLES
from scripts.examples.shop.loading import Source, load
from tests.clusters import Warehouse, functions_built_once


@pytest.fixture(scope="session", autouse=True)
def _functions_built_once() -> Iterator[None]:
    with functions_built_once():
        yield


class Shop:
    """A database of its own on the tests' server."""

    def __init__(self, dsn: dict[str, Any]) -> None:
        self.dsn = dsn

    def load(self, source: Source, replace: bool = True) -> str:
        """Fill it; `replace`: what it holds may go."""

        def refuse(contents: str) -> None:
            if not replace:
                raise UserError(f"The shop holds {contents}")

        return load(self.dsn, source, refuse, lambda place: None)

    def rows(self, query: str) -> list[tuple]:
        """Run SQL as transformer and commit."""
        with (
            closing(psycopg2.connect(**self.dsn)) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(query)
            return cursor.fetchall() if cursor.description else []

    def one(self, query: str) -> Any:
        """The only value of a query."""
        ((value,),) = self.rows(query)
        return value

    def content(self) -> dict[str, tuple]:
        """Each table's number of rows and a hash over all of them."""
        query = "select count(*), md5(string_agg(t::text, '' order by t::text)) from shop.{} t"
        return {table: self.rows(query.format(table))[0] for table in TABLES}

    def keys(self) -> list[tuple]:
        """Constraints and indexes, and whether they are valid."""
        return self.rows(
            "select conname, convalidated from pg_constraint"
            " where connamespace = 'shop'::regnamespace union all"
            " select indexrelid::regclass::text, indisvalid from pg_index join pg_class c"
            " on c.oid = indrelid where relnamespace = 'shop'::regnamespace order by 1"
        )


@pytest.fixture
def shop(server: Warehouse) -> Iterator[Shop]:
    """An empty database."""
    with closing(psycopg2.connect(**server.stack.superuser("postgres"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("create database a_shop owner transformer")
            yield Shop(server.settings.dsn("transformer", "a_shop"))
            cursor.execute("drop database a_shop with (force)")
