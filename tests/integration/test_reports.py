"""Numbers on dashboards equal a second computation from the source or the test rows."""

import numpy as np
import pytest
from sklearn.metrics import (
    mean_absolute_error,
    root_mean_squared_error,
)

from tests.conftest import Warehouse
from tests.integration.report_queries import one_row, rows

SALES = """
    select
        sum(round(i.quantity * i.unit_price * (1 - i.discount), 4)),
        count(distinct o.order_id) filter (where o.kind = 'sale')
    from shop.orders as o
    join shop.order_items as i using (order_id)
    where o.status <> 'cancelled' and o.ordered_at >= %s and o.ordered_at < %s
"""


def test_revenue_and_orders_of_both_years_equal_source(warehouse: Warehouse) -> None:
    revenue, before, orders, orders_before, first, last = one_row(
        warehouse,
        "select sum(revenue), sum(revenue_before), count(distinct order_id),"
        " count(distinct order_before_id), min(month), (max(month) + interval '1 month')::date"
        " from reports.rpt_sales where is_last_year",
    )
    now = one_row(warehouse, SALES, first, last)
    year_before = one_row(
        warehouse, SALES, first.replace(year=first.year - 1), last.replace(year=last.year - 1)
    )
    assert (float(revenue), orders) == (pytest.approx(float(now[0]), abs=0.5), now[1])
    assert (float(before), orders_before) == (
        pytest.approx(float(year_before[0]), abs=0.5),
        year_before[1],
    )


def test_cohort_retention_equals_recount(warehouse: Warehouse) -> None:
    expected = rows(
        warehouse,
        """
        with firsts as (
            select customer_id, min(date_trunc('quarter', ordered_at)) as cohort
            from shop.orders
            where kind = 'sale' and status <> 'cancelled' and customer_id is not null
            group by customer_id
        )
        select cohort::date, count(*) from firsts group by cohort
        """,
    )
    cohorts = rows(
        warehouse,
        "select cohort, sum(customers)::bigint from reports.rpt_cohorts"
        " where quarters_later = 0 group by cohort",
    )
    assert cohorts
    assert set(cohorts) <= set(expected)


@pytest.mark.parametrize("country", ["Everywhere", "France"])
def test_call_list_and_campaign_totals_agree(warehouse: Warehouse, country: str) -> None:
    call_list = rows(
        warehouse,
        "select churn_probability, yearly_revenue, revenue_at_risk from reports.rpt_call_list"
        " where %s in ('Everywhere', country) order by loss_rank",
        country,
    )
    risk, revenue, loss = np.array(call_list, dtype=float).T
    assert loss == pytest.approx(risk * revenue)
    assert np.all(np.diff(loss) <= 1e-9)
    # The campaign of dbt_project.yml: 4 € a call, a quarter stays, 30 % margin.
    expected = np.cumsum(loss) * 0.25 * 0.3 - 4 * np.arange(1, len(loss) + 1)
    points = rows(
        warehouse,
        "select calls, expected_value, is_best from reports.rpt_campaign where country = %s",
        country,
    )
    for calls, value, _ in points:
        assert float(value) == pytest.approx(expected[calls - 1] if calls else 0, abs=1e-6)
    ((best, _, _),) = [point for point in points if point[2]]
    curve = {calls: float(value) for calls, value, _ in points}
    assert max(curve) == len(loss)
    assert curve[best] == max(curve.values())
    texts = dict(
        rows(
            warehouse,
            "select sort_order, value_text from reports.rpt_churn_summary where country = %s",
            country,
        )
    )
    assert texts[0] == f"{round(risk.sum()):,}"
    assert texts[1] == f"{(risk >= 0.5).sum():,}"
    assert texts[2] == f"{round(loss.sum()):,} €"
    assert texts[3] == f"{round(loss[:100].sum()):,} €"


def test_campaign_points_of_countries_are_in_total(warehouse: Warehouse) -> None:
    """Where no country is chosen the chart shows, at each number of calls, the widest row."""
    lonely = rows(
        warehouse,
        "select calls from reports.rpt_campaign group by calls having not bool_or(is_everywhere)",
    )
    assert lonely == []


def test_forecast_scores_equal_scikit_learn(warehouse: Warehouse) -> None:
    result = rows(
        warehouse,
        "select actual, predicted from reports.rpt_residuals where model = 'revenue'",
    )
    actual, predictions = np.array(result, dtype=float).T
    card = dict(
        rows(
            warehouse,
            "select metric, value from reports.rpt_model_metrics where model = 'revenue'",
        )
    )
    assert card["mae"] == pytest.approx(mean_absolute_error(actual, predictions))
    assert card["rmse"] == pytest.approx(root_mean_squared_error(actual, predictions))
    assert card["wape"] == pytest.approx(np.abs(actual - predictions).sum() / np.abs(actual).sum())
    lead, number, rest = one_row(
        warehouse,
        "select lead, number, rest from reports.rpt_headlines"
        " where model = 'revenue' and page = 'quality'",
    )
    assert f"{100 * card['wape']:.0f}\u202f%" in lead + number + rest


def test_classification_scores_equal_confusion(warehouse: Warehouse) -> None:
    card = dict(
        rows(warehouse, "select metric, value from reports.rpt_model_metrics where model = 'churn'")
    )
    cells = dict(
        rows(warehouse, "select outcome, n from reports.rpt_confusion where model = 'churn'")
    )
    total = sum(cells.values())
    assert card["accuracy"] == pytest.approx((cells["found"] + cells["correctly ignored"]) / total)
    assert card["recall"] == pytest.approx(cells["found"] / (cells["found"] + cells["missed"]))


def test_cost_at_one_half_equals_confusion(warehouse: Warehouse) -> None:
    """Worked out from the ROC curve there, counted here; a miss costs five false alarms."""
    cells = dict(
        rows(warehouse, "select outcome, n from reports.rpt_confusion where model = 'churn'")
    )
    mistakes = 5 * cells["missed"] + cells["false alarm"]
    cost, cheapest = one_row(
        warehouse,
        "select max(cost) filter (where threshold = 50), min(cost)"
        " from reports.rpt_thresholds where model = 'churn'",
    )
    # The curve keeps two hundred points, so it may stop a few cases before one half.
    assert cost == pytest.approx(mistakes / sum(cells.values()), rel=0.1)
    assert cheapest <= cost


def test_forecast_verdict_names_smaller_error(warehouse: Warehouse) -> None:
    days = rows(
        warehouse,
        "select actual, forecast, simple_rule from reports.rpt_forecast"
        " where model = 'revenue' and series = 'Total' and part = 'test'",
    )
    actual, forecast, naive = np.array(days, dtype=float).T
    error = np.abs(actual - forecast).sum() / np.abs(actual).sum()
    simple = np.abs(actual - naive).sum() / np.abs(actual).sum()
    error_text, shown_simple, verdict = one_row(
        warehouse,
        "select error, simple_error, verdict from reports.rpt_forecast_text"
        " where model = 'revenue' and series = 'Total'",
    )
    assert (error_text, shown_simple) == (pytest.approx(error), pytest.approx(simple))
    assert verdict == ("forecast better" if error < simple else "simple rule better")


def test_segments_contain_each_customer_once(warehouse: Warehouse) -> None:
    sizes = dict(
        rows(
            warehouse,
            "select segment_name, customers from reports.rpt_segments where is_everywhere",
        )
    )
    expected = dict(
        rows(
            warehouse,
            "select segment_name, count(*) from predictions.pred_segments group by segment_name",
        )
    )
    assert sizes == expected
    by_country = rows(
        warehouse,
        "select segment_name, sum(customers)::bigint from reports.rpt_segments"
        " where not is_everywhere group by segment_name",
    )
    assert dict(by_country) == expected
    # What moved into today's segments is what is in them.
    arrivals = dict(
        rows(
            warehouse,
            "select to_segment, sum(customers)::bigint from reports.rpt_segment_transitions"
            " where newest_rank = 1 and to_segment <> 'Bought nothing for a year'"
            " group by to_segment",
        )
    )
    assert arrivals == expected


def test_every_dbt_test_has_result(warehouse: Warehouse) -> None:
    (failed, test_count) = one_row(
        warehouse,
        "select count(*) filter (where result <> 'passed'), count(*) from reports.rpt_test_results",
    )
    assert failed == 0
    assert test_count > 300
    text = one_row(
        warehouse, "select value_text from reports.rpt_status where label = 'Tests passed'"
    )
    assert text == (f"{test_count:,} of {test_count:,}",)


def test_every_project_model_has_drift(warehouse: Warehouse) -> None:
    looked_at = {
        model for (model,) in rows(warehouse, "select model from reports.rpt_drift_summary")
    }
    # A forecast has no inputs of cases: its realised error is measured instead.
    assert looked_at >= {"breast_cancer", "churn", "segments"}
    # The rows a model was made of are as they were.
    assert one_row(
        warehouse, "select drifted from reports.rpt_drift_summary where model = 'breast_cancer'"
    ) == (0,)


def test_new_installation_has_no_drift_alarm(warehouse: Warehouse) -> None:
    """Columns that grow with time differ from the past; they are shown apart."""
    drift_alarms = rows(
        warehouse, "select model, drifted_names from reports.rpt_drift_summary where drifted > 0"
    )
    assert drift_alarms == []
    assert rows(warehouse, "select * from reports.rpt_alerts where topic = 'Input drift'") == []
    ageing_rows = rows(
        warehouse,
        "select feature from reports.rpt_drift"
        " where model = 'churn' and period_age = 1 and verdict = 'ages'",
    )
    assert {("account_days",), ("spent_total",)} <= set(ageing_rows)
    assert not {state for (state,) in rows(
        warehouse, "select distinct state from reports.rpt_drift where verdict = 'ages'"
    )} - {"plain"}  # fmt: skip


def test_project_models_have_no_issue(warehouse: Warehouse) -> None:
    issues = rows(
        warehouse, "select model, code, message from reports.rpt_checks where severity = 'issue'"
    )
    assert issues == []
    checked = rows(
        warehouse, "select model, count(distinct code) from reports.rpt_checks group by 1"
    )
    assert {model for model, _ in checked} >= {"breast_cancer", "churn", "revenue", "segments"}
    # The checks look at rows with measurements, which a forecast does not have.
    assert len({codes for model, codes in checked if model != "revenue"}) == 1
    issue_rows = rows(
        warehouse,
        "select model, issues, tips, passed, not_applicable from reports.rpt_check_summary",
    )
    for model, *shown_counts in issue_rows:
        counts = dict(
            rows(
                warehouse,
                "select severity, count(*) from ml.checks join ml.model_versions"
                " using (model, version) where status = 'champion' and model = %s"
                " group by severity",
                model,
            )
        )
        names = ("issue", "tip", "passed", "not_applicable")
        # Without any check there is one row that says why.
        expected = [counts.get(name, 0) for name in names] if counts else [0, 0, 0, 1]
        assert shown_counts == expected
