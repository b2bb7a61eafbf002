"""What readers wait for: each chart's query, also with a million predictions, and each open tab.

There is no rival: the limits are those that readers were promised. What each chart and tab took
stands in .stack/bench/charts.md and tabs.md, with the machine's load beside it.
"""

import os
import statistics
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg2

from scripts.assets.checks.charts import run_queries
from scripts.assets.client.browser import signed_in
from scripts.assets.client.superset import Superset
from scripts.assets.client.visual_checks import dashboard_slugs, inspect_dashboard
from scripts.assets.sync.state import read_git
from scripts.settings import Settings
from scripts.stack.build import dbt_environment
from tests.bench.harness import Bench, Pair, at_most, compare

_GROUP = "Dashboards in the browser"
PREDICTIONS = 1_000_000
# Customers who are copies of those there are, under keys and numbers of their own, each with the
# prediction of its original: as many as are missing to PREDICTIONS.
COPY = """
    create temporary table copies on commit drop as
    select asked.customer_key as original, gen_random_uuid() as customer_key, number
    from (
        select customer_key, count(*) over () as n
        from predictions.pred_churn
    ) as asked
    cross join lateral generate_series(1, ceil({predictions}::numeric / n)::integer - 1) as number;

    create temporary table people on commit drop as
    select (jsonb_populate_record(customers, jsonb_build_object(
        'customer_key', copies.customer_key,
        'customer_number', 'COPY ' || number || ' ' || customer_number))).*
    from marts.dim_customers as customers
    join copies on copies.original = customers.customer_key;
    insert into marts.dim_customers select * from people;

    create temporary table answers on commit drop as
    select (jsonb_populate_record(
        predictions, jsonb_build_object('customer_key', copies.customer_key))).*
    from predictions.pred_churn as predictions
    join copies on copies.original = predictions.customer_key;
    insert into predictions.pred_churn select * from answers;
    analyze marts.dim_customers;
    analyze predictions.pred_churn;
"""
REMOVE = """
    delete from predictions.pred_churn as predictions using marts.dim_customers as customers
    where customers.customer_key = predictions.customer_key
        and customers.customer_number like 'COPY %';
    delete from marts.dim_customers where customer_number like 'COPY %';
"""
# Whatever reads the predictions about churn, downstream of them.
REPORTS = "pred_churn+1 rpt_campaign rpt_churn_summary rpt_churn_drivers rpt_churn_risks"


@compare("charts: p95 of every chart's query", "the limit", at_most(500, "ms"), _GROUP)
def charts(bench: Bench) -> Pair:
    return Pair(lambda: _p95(bench, "charts.md"), None, unit="ms", note="Default data")


@compare("charts: p95 with a million predictions", "the limit", at_most(500, "ms"), _GROUP)
def charts_at_a_million(bench: Bench) -> Pair:
    _run(bench.settings, COPY.format(predictions=PREDICTIONS))
    _rebuild(bench.settings)

    def clear() -> None:
        _run(bench.settings, REMOVE)
        _rebuild(bench.settings)

    return Pair(
        lambda: _p95(bench, "charts_at_a_million.md"),
        None,
        unit="ms",
        note=f"{PREDICTIONS:,} predictions",
        done=clear,
    )


@compare("dashboards: the slowest open tab", "the limit", at_most(4, "s"), _GROUP)
def tabs(bench: Bench) -> Pair:
    settings = bench.settings

    def slowest() -> float:
        result: dict[str, float] = {}
        password = settings.value("STAKEHOLDER_PASSWORD")
        with signed_in(settings.superset_url, "stakeholder", password) as page:
            for slug in dashboard_slugs(settings.root):
                report = inspect_dashboard(
                    page, settings.superset_url, slug, bench.folder / "shots"
                )
                durations = report.seconds
                result |= {f"{slug}: {tab}": seconds for tab, seconds in durations.items()}
        _table(bench.folder / "tabs.md", "tab | seconds", sorted(result.items(), key=_second))
        return max(result.values())

    return Pair(slowest, None, note="Every dashboard, opened as a stakeholder at 1440 × 900")


def _p95(bench: Bench, name: str) -> float:
    """Milliseconds that 95 of 100 of the charts' queries stay below; the cache is passed by."""
    results = run_queries(read_git(bench.settings), Superset(bench.settings))
    rows = sorted(((a.chart.title, a.rows, a.milliseconds) for a in results), key=lambda r: r[2])
    _table(bench.folder / name, "chart | rows | ms", rows)
    return statistics.quantiles([row[2] for row in rows], n=20)[-1]


def _second(entry: tuple[str, float]) -> float:
    return entry[1]


def _table(path: Path, head: str, rows: list[tuple]) -> None:
    """The slowest first, as Markdown."""
    columns = head.count("|") + 1
    load = "load " + " ".join(f"{each:.1f}" for each in os.getloadavg())
    lines = [f"{len(rows)} measured, {load}", "", f"| {head} |", "| --- " * columns + "|"]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in reversed(rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _run(settings: Settings, statements: str) -> None:
    with closing(psycopg2.connect(**settings.dsn("transformer"))) as connection, connection:
        connection.cursor().execute(statements)


def _rebuild(settings: Settings) -> None:
    """The reports anew from the predictions as they stand, which dbt is not to make anew."""
    result = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("dbt")), "run", "--target", "warehouse"),
            *("--project-dir", "dbt", "--profiles-dir", "dbt"),
            *("--select", *REPORTS.split(), "--exclude", "pred_churn"),
        ],
        cwd=settings.root,
        env=dbt_environment(settings, "warehouse"),
        capture_output=True,
        text=True,
    )
    if result.returncode:
        raise RuntimeError(result.stdout.strip().splitlines()[-1])
