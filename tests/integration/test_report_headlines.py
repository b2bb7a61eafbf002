"""Headlines and key figures of the shop's pages equal a second computation."""

import datetime as dt

import numpy as np
import pytest

from tests.conftest import Warehouse
from tests.integration.report_queries import chart_values, one_row, percent, rows

ACTIVE = "select customer_key from features.feat_customer__rfm where as_of = %s"


def test_shop_headline_equals_source(warehouse: Warehouse) -> None:
    first, last = one_row(
        warehouse,
        "select min(month), (max(month) + interval '1 month')::date"
        " from reports.rpt_sales where is_last_year",
    )

    def year(first: dt.date, last: dt.date) -> tuple[float, int, int]:
        revenue, orders, customers = one_row(
            warehouse,
            """
            with lines as (
                select order_id, sum(quantity * unit_price * (1 - discount)) as value
                from shop.order_items
                group by order_id
            )
            select sum(value),
                count(*) filter (where kind = 'sale'),
                count(distinct customer_id) filter (where kind = 'sale')
            from shop.orders
            join lines using (order_id)
            where status <> 'cancelled' and ordered_at >= %s and ordered_at < %s
            """,
            first,
            last,
        )
        return float(revenue), orders, customers

    now = year(first, last)
    before = year(first.replace(year=first.year - 1), last.replace(year=last.year - 1))
    figures = chart_values(warehouse, "business/key_figures", "reports.rpt_sales")
    expected = {
        "revenue": (now[0], before[0], " €"),
        "orders": (now[1], before[1], ""),
        "customers": (now[2], before[2], ""),
        "basket": (now[0] / now[1], before[0] / before[1], " €"),
    }
    for name, (value, value_before, unit) in expected.items():
        assert figures[f"{name}_text"].strip() == f"{value:,.0f}{unit}"
        change = value / value_before - 1
        assert figures[f"{name}_change"] == (
            percent(abs(change)) + (" more" if change >= 0 else " less")
        )
    values = chart_values(warehouse, "business/headline", "reports.rpt_sales")
    assert values["number"] == figures["revenue_text"]
    assert values["change"] == f", {figures['revenue_change']} than the year before."
    assert f"{before[0]:,.0f} €" in values["before"]
    assert values["months"] == 12
    assert values["until"] == (last - dt.timedelta(days=1)).strftime("%B %Y")


def test_shop_without_complete_month_has_message(warehouse: Warehouse) -> None:
    """The template asks for `until` and `months`: without a row there is neither."""
    values = chart_values(
        warehouse, "business/headline", "(select * from reports.rpt_sales limit 0)"
    )
    assert (values["until"], values["months"]) == (None, 0)


def test_churn_headline_equals_call_list(warehouse: Warehouse) -> None:
    call_list = rows(
        warehouse, "select churn_probability, revenue_at_risk from reports.rpt_call_list"
    )
    risk, loss = np.array(call_list, dtype=float).T
    lead, number, note = one_row(
        warehouse,
        "select label, value_text, note from reports.rpt_churn_summary"
        " where is_everywhere and part = 'headline'",
    )
    assert f"{len(risk):,} active" in lead
    assert number == f"{risk.sum():,.0f}"
    # The campaign of dbt_project.yml: 4 € a call, a quarter stays, 30 % margin.
    worth = np.cumsum(np.sort(loss)[::-1]) * 0.25 * 0.3 - 4 * np.arange(1, len(loss) + 1)
    calls, by_chance = one_row(
        warehouse,
        "select calls, expected_at_random from reports.rpt_campaign"
        " where is_best and is_everywhere",
    )
    assert by_chance == pytest.approx(calls / len(loss) * loss.sum() * 0.25 * 0.3 - 4 * calls)
    assert f"Calling the {calls:,} customers" in note
    assert f" {worth[calls - 1]:,.0f} €" in note
    assert note.endswith(f" {by_chance:,.0f} €.")


def test_forecast_headline_equals_sum_of_days(warehouse: Warehouse) -> None:
    days, first, last, forecast = one_row(
        warehouse,
        "select count(*), min(day), max(day), sum(forecast) from predictions.pred_revenue"
        " where series = 'Total'",
    )
    (before,) = one_row(
        warehouse,
        "select sum(quantity * unit_price * (1 - discount)) from shop.order_items"
        " join shop.orders using (order_id) where status <> 'cancelled'"
        " and ordered_at::date between %s and %s",
        first - dt.timedelta(days=364),
        last - dt.timedelta(days=364),
    )
    test_rows = rows(
        warehouse,
        "select actual, forecast, simple_rule, lower, upper from reports.rpt_forecast"
        " where model = 'revenue' and series = 'Total' and part = 'test'",
    )
    actual, forecasts, naive, lower, upper = np.array(test_rows, dtype=float).T
    sentence, number, subline, period = one_row(
        warehouse,
        "select lead || number || rest, number, subline, period from reports.rpt_forecast_text"
        " where model = 'revenue' and series = 'Total'",
    )
    change = float(forecast) / float(before) - 1
    assert f"next {days} days" in sentence
    assert number == f"{forecast:,.0f} €"
    assert f", {percent(abs(change))} {'more' if change >= 0 else 'less'} than" in sentence
    total = np.abs(actual).sum()
    assert f"was off by {percent(np.abs(actual - forecasts).sum() / total)}" in subline
    assert f"season) by {percent(np.abs(actual - naive).sum() / total)}" in subline
    assert percent(np.mean((lower <= actual) & (actual <= upper))) in subline
    assert period.endswith(f"{last.year}") and f"{first.year} to" in period


def test_segment_headline_equals_source(warehouse: Warehouse) -> None:
    segment_rows = rows(
        warehouse,
        """
        select segment_name, count(*), sum(spent)
        from (
            select segment_name, coalesce(sum(items.value), 0) as spent
            from predictions.pred_segments as segments
            join marts.dim_customers as customers using (customer_key)
            left join (
                select
                    customers.customer_number,
                    sum(quantity * unit_price * (1 - discount)) as value
                from shop.order_items
                join shop.orders using (order_id)
                join shop.customers as customers using (customer_id)
                where status <> 'cancelled'
                    and ordered_at::date > (select max(as_of) from predictions.pred_segments) - 365
                group by customers.customer_number
            ) as items using (customer_number)
            group by segment_name, customer_key
        ) as customers
        group by segment_name
        order by sum(spent) desc
        """,
    )
    everybody, money = sum(n for _, n, _ in segment_rows), sum(spent for *_, spent in segment_rows)
    name, customers, spent = segment_rows[0]
    values = chart_values(warehouse, "segments/headline", "reports.rpt_segments")
    assert values["name"] == name
    assert values["n"] == len(segment_rows)
    assert values["all_customers"] == f"{everybody:,}"
    assert values["share"] == percent(customers / everybody)
    assert values["revenue"] == percent(float(spent / money))


def test_segment_moves_equal_set_difference(warehouse: Warehouse) -> None:
    """Sets of customers, taken from who was active at the end of both quarters."""
    days = rows(
        warehouse,
        "select distinct as_of from reports.rpt_segment_transitions order by as_of desc limit 2",
    )
    now, before = ({key for (key,) in rows(warehouse, ACTIVE, day)} for (day,) in days)
    values = chart_values(
        warehouse, "segments/headline_transitions", "reports.rpt_segment_transitions"
    )
    assert values["stayed"] == f"{len(now & before):,}"
    assert values["came"] == f"{len(now - before):,}"
    assert values["gone"] == f"{len(before - now):,}"
    staying_count, moved_count = one_row(
        warehouse,
        "select sum(customers), sum(customers) filter (where from_segment <> to_segment)"
        " from reports.rpt_segment_transitions where as_of = %s"
        " and from_segment <> 'Not a customer' and to_segment <> 'Bought nothing for a year'",
        days[0][0],
    )
    assert staying_count == len(now & before)
    assert float(values["moved"]) == pytest.approx(
        100 * float(moved_count / staying_count), abs=0.5
    )


def test_status_page_equals_sources(warehouse: Warehouse) -> None:
    house = dict(
        rows(warehouse, "select label, value_text || ' | ' || note from reports.rpt_status")
    )
    tables = [
        f'"{schema}"."{name}"'
        for schema, name in rows(
            warehouse,
            "select table_schema, table_name from information_schema.tables"
            " where table_type = 'BASE TABLE'"
            " and (table_schema = 'shop' and table_name <> 'load'"
            " or (table_schema, table_name) = ('csv', 'breast_cancer'))",
        )
    ]
    row_count = sum(one_row(warehouse, f"select count(*) from {table}")[0] for table in tables)
    assert house["Data as of"].endswith(f"{row_count:,} rows in {len(tables)} source tables")
    trained_at, models = one_row(
        warehouse,
        "select max(trained_at), count(*) from ml.model_versions where status = 'champion'",
    )
    assert house["Last trained"] == f"{trained_at:%-d %B %Y} | at {trained_at:%H:%M}"
    assert house["Models in use"].startswith(f"{models} | ")
    number, waiting = one_row(
        warehouse,
        "select number, (select count(*) from reports.rpt_alerts where state <> 'good')"
        " from reports.rpt_status_headline",
    )
    looked_at = rows(
        warehouse,
        "select model from reports.rpt_drift_summary where drifted > 0 union all"
        " select model from reports.rpt_model_overview"
        " where task <> 'clustering' and not beats_baseline union all"
        " select statement from reports.rpt_test_results where result = 'failed'",
    )
    assert waiting == len(looked_at)
    expected = {0: f"{models} models", 1: "1 thing needs"}.get(waiting, f"{waiting} things need")
    assert number == expected
