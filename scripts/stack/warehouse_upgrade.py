"""One-time changes of a warehouse that an earlier version built.

dbt builds relations under their new names and leaves the old ones. The vault is never rebuilt,
because it holds history that the sources no longer have, so its columns are renamed in place. Each
step runs once in a database and is recorded in `vault.upgrades`.
"""

from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg2
from psycopg2 import sql

from scripts.console import warn
from scripts.settings import Settings

# Relations that an earlier version built and this one does not.
FORMER_RELATIONS = (
    "features.feat_order__waiting",
    "features.feat_product__prices",
    "features.feat_revenue__history",
    "features.feat_revenue__takings",
    "reports.rpt_attention",
    "reports.rpt_churn_reasons",
    "reports.rpt_drift_cells",
    "reports.rpt_forecast_words",
    "reports.rpt_house",
    "reports.rpt_house_headline",
    "reports.rpt_house_models",
    "reports.rpt_learning",
    "reports.rpt_lineage_steps",
    "reports.rpt_segment_moves",
    "vault.build_marks",
    "vault.stage_countries",
    "vault.stage_customers",
    "vault.stage_order_lines",
    "vault.stage_orders",
    "vault.stage_payments",
    "vault.stage_product_lines",
    "vault.stage_products",
    "vault.stage_promotions",
)
RENAMED_COLUMN = """
    select nspname, relname
    from pg_attribute
    join pg_class on pg_class.oid = attrelid
    join pg_namespace on pg_namespace.oid = relnamespace
    where relkind = 'r' and attname = %s and not attisdropped
        and pg_has_role(relowner, 'usage') and {condition}
"""


def _rename_valid_from(cursor: Any) -> None:
    condition = "nspname = 'vault' and relname ~ '^(hub|link|sat)_'"
    _rename_column(cursor, condition, "known_at", "valid_from")


def _rename_statement(cursor: Any) -> None:
    _rename_column(cursor, "relname = 'dbt_test_results'", "words", "statement")


def _rename_column(cursor: Any, condition: str, old: str, new: str) -> None:
    """Rename a column of the tables that meet a condition and have the old name."""
    cursor.execute(RENAMED_COLUMN.format(condition=condition), [old])
    for table in cursor.fetchall():
        rename = sql.SQL("alter table {} rename column {} to {}")
        names = sql.Identifier(*table), sql.Identifier(old), sql.Identifier(new)
        cursor.execute(rename.format(*names))


def _drop_former_relations(cursor: Any) -> None:
    """Drop the relations above. One that something else depends on stays, and is named."""
    dropped = []
    for name in FORMER_RELATIONS:
        cursor.execute(
            "select relkind in ('v', 'm') from pg_class where oid = to_regclass(%s)"
            " and relkind in ('r', 'v', 'm') and pg_has_role(relowner, 'usage')",
            [name],
        )
        for (is_view,) in cursor.fetchall():
            drop = sql.SQL("drop {} {}").format(
                sql.SQL("view" if is_view else "table"), sql.Identifier(*name.split("."))
            )
            cursor.execute("savepoint before_drop")
            try:
                cursor.execute(drop)
                dropped.append(name)
            except psycopg2.errors.DependentObjectsStillExist:
                cursor.execute("rollback to before_drop")
                warn(f"{name} is no longer built, and stays because something reads it")
    if dropped:
        warn(f"Removed what an earlier version built: {', '.join(dropped)}")


# In the order in which they are run; the position is the number under which a step is recorded.
STEPS: tuple[Callable[[Any], None], ...] = (
    _rename_valid_from,
    _drop_former_relations,
    _rename_statement,
)
RECORDS = """
    create table if not exists vault.upgrades (
        step integer primary key,
        applied_at timestamptz not null default now()
    );
    comment on table vault.upgrades is 'One-time changes that make build has made in this database';
    comment on column vault.upgrades.step is 'Number of the change';
    comment on column vault.upgrades.applied_at is 'When it was made';
"""


def upgrade_warehouse(settings: Settings) -> None:
    """Run the steps that this database has not had yet, each in a transaction of its own."""
    with closing(psycopg2.connect(**settings.dsn("transformer"))) as connection:
        with connection, connection.cursor() as cursor:
            cursor.execute("select to_regclass('vault.upgrades') is null")
            if cursor.fetchone()[0]:
                cursor.execute(RECORDS)
            cursor.execute("select step from vault.upgrades")
            applied = {step for (step,) in cursor.fetchall()}
        for number, step in enumerate(STEPS, start=1):
            if number not in applied:
                with connection, connection.cursor() as cursor:
                    step(cursor)
                    cursor.execute("insert into vault.upgrades (step) values (%s)", [number])
