"""The tables that the engine is measured on, and connections to them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
from psycopg2.extensions import connection

from scripts.settings import Settings
from tests.bench.harness import Bench, seconds

WIDTH = 20
FEATURES = [f"f{position}" for position in range(1, WIDTH + 1)]
_NUMERIC = f"""
create table {{name}} as
select i as id, {", ".join(f"random() as {name}" for name in FEATURES)}, null::boolean as target
from generate_series(1, {{rows}}) as i
"""
# A target that trees and a weighted sum can both learn something about.
_NUMERIC_TARGET = "update {name} set target = f1 + f2 + f3 * f4 + 0.5 * random() > 1.6"
_MIXED = """
create table {name} as
select
    i as id,
    case when random() > 0.1 then random() end as a,
    case when random() > 0.1 then random() * 1000 end as b,
    (random() * 100)::int as c,
    case when random() > 0.05 then (random() * 10000)::int end as d,
    random() > 0.5 as e,
    case when random() > 0.1 then random() > 0.2 end as f,
    round((random() * 1000)::numeric, 2) as g,
    case when random() > 0.2 then round((random() * 10)::numeric, 4) end as h,
    case when random() > 0.1 then (array['red', 'green', 'blue', 'grey'])[1 + (random() * 3)::int] end as i,
    'town ' || (random() * random() * 200)::int as j,
    random() > 0.7 as target
from generate_series(1, {rows}) as i
"""  # noqa: E501
MIXED = list("abcdefghij")


def table(bench: Bench, kind: str) -> str:
    """The name of the table `numeric` or `mixed` of the wanted size; made when first asked for."""
    name = f"bench.{kind}_{bench.rows}"
    with connected(bench, "postgres") as admin, admin.cursor() as cursor:
        cursor.execute("select to_regclass(%s) is null", (name,))
        if cursor.fetchone()[0]:
            statements = [_NUMERIC, _NUMERIC_TARGET] if kind == "numeric" else [_MIXED]
            cursor.execute("set role transformer")
            cursor.execute("select setseed(0.5)")
            for statement in statements:
                cursor.execute(statement.format(name=name, rows=bench.rows))
            # Rewrites the table where it was updated, so that no dead rows lie between.
            cursor.execute(f"vacuum (full, analyze) {name}")
    return name


def make_schema(settings: Settings) -> None:
    """Where the tables that are measured on lie; `make reset` removes it with all else."""
    with closing(psycopg2.connect(**settings.dsn("postgres"))) as admin:
        admin.autocommit = True
        admin.cursor().execute("create schema if not exists bench authorization transformer")


@contextmanager
def connected(bench: Bench, role: str = "transformer") -> Iterator[connection]:
    """A session that commits by itself."""
    session = psycopg2.connect(**bench.settings.dsn(role))
    session.autocommit = True
    try:
        yield session
    finally:
        session.close()


class Session:
    """One session that stays warm over all runs of a comparison."""

    def __init__(
        self, bench: Bench, role: str = "transformer", dsn: dict[str, Any] | None = None
    ) -> None:
        """Connect as a role, or to what dsn says."""
        self.connection = psycopg2.connect(**(dsn or bench.settings.dsn(role)))
        self.connection.autocommit = True

    def rows(self, statement: str, *values: object) -> list[tuple]:
        """Run a statement."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def seconds(self, statement: str, *values: object) -> float:
        """How long a statement takes."""
        return seconds(lambda: self.rows(statement, *values))

    def close(self) -> None:
        """End the session."""
        self.connection.close()
