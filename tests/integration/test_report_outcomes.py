"""The outcome of the call lists, and the what-if page, equal a second computation."""

from math import sqrt

import pytest

from tests.conftest import Warehouse
from tests.integration.report_queries import one_row, rows

LENGTH = 100


def wilson(k: int, n: int) -> tuple[float, float]:
    """The Wilson interval of a share, as the textbook writes it."""
    z, p = 1.96, k / n
    centre = p + z * z / (2 * n)
    width = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (centre - width) / (1 + z * z / n), (centre + width) / (1 + z * z / n)


@pytest.fixture(scope="module")
def tested(warehouse: Warehouse) -> list[dict]:
    """The customers of the newest training snapshot: what the test list of the champion ranks."""
    names = ("risk", "revenue", "churned")
    newest = "(select max(as_of) from features.feat_customer__training)"
    result = rows(
        warehouse,
        "select predictions.score, greatest(coalesce(described.spent_365_days, 0), 0)::float8,"
        " described.churned = 'churned'"
        " from features.feat_customer__training as described"
        " join ml.predict('churn',"
        f" 'select * from features.feat_customer__training where as_of = {newest}') as predictions"
        " on predictions.key = described.customer_key::text"
        f" where described.as_of = {newest}",
    )
    return [dict(zip(names, row, strict=True)) for row in result]


def outcome(warehouse: Warehouse, name: str) -> tuple:
    """The row of one list of the test, for all countries."""
    return one_row(
        warehouse,
        "select customers::float8, churned::float8, expected, share_lower::float8,"
        " share_upper::float8, revenue from reports.rpt_call_list_outcomes"
        " where is_test and is_everywhere and list = %s"
        " order by model_version desc limit 1",
        name,
    )


def test_outcome_of_the_test_list(warehouse: Warehouse, tested: list[dict]) -> None:
    for name, order in (
        ("model", lambda row: -row["risk"] * row["revenue"]),
        ("revenue", lambda row: -row["revenue"]),
    ):
        chosen = sorted(tested, key=order)[:LENGTH]
        leavers = [row for row in chosen if row["churned"]]
        customers, churned, expected, lower, upper, revenue = outcome(warehouse, name)
        assert (customers, churned) == (len(chosen), len(leavers))
        assert revenue == pytest.approx(sum(row["revenue"] for row in leavers))
        assert (lower, upper) == pytest.approx(wilson(len(leavers), len(chosen)), abs=1e-3)
        if name == "model":
            assert expected == pytest.approx(sum(row["risk"] for row in chosen))


def test_random_list_is_the_mean_of_all_customers(warehouse: Warehouse, tested: list[dict]) -> None:
    length, total = min(LENGTH, len(tested)), len(tested)
    share = sum(row["churned"] for row in tested) / total
    error = 1.96 * sqrt(share * (1 - share) / length * (1 - length / total))
    customers, churned, _, lower, upper, revenue = outcome(warehouse, "random")
    assert customers == length
    assert churned == pytest.approx(length * share)
    assert (lower, upper) == pytest.approx((share - error, share + error))
    lost = sum(row["revenue"] for row in tested if row["churned"])
    assert revenue == pytest.approx(length * lost / total)


def test_list_that_is_shown_is_logged_and_waits(warehouse: Warehouse) -> None:
    # The first hundred of the page are the first hundred of the log.
    shown = rows(
        warehouse,
        "select customers.customer_key::text from reports.rpt_call_list as list"
        " join marts.dim_customers as customers using (customer_number)"
        " where loss_rank <= %s order by loss_rank",
        LENGTH,
    )
    logged = rows(
        warehouse,
        "select customer_key::text from predictions.call_list_log"
        " where not is_test and loss_rank <= %s order by loss_rank",
        LENGTH,
    )
    assert shown == logged
    (text,) = one_row(
        warehouse,
        "select distinct share_text from reports.rpt_call_list_outcomes"
        " where not is_test and is_everywhere",
    )
    assert text.startswith("known on ")


def test_countries_add_up_to_all(warehouse: Warehouse) -> None:
    query = (
        "select sum(customers), sum(outcome_count) from (select count(*) as customers,"
        " count(outcomes.truth) as outcome_count from predictions.call_list_log as log"
        " left join predictions.pred_churn__outcomes as outcomes"
        " on outcomes.key = log.customer_key::text and outcomes.period = log.as_of::text"
        " where is_test) as counted"
    )
    customers, outcome_count = one_row(warehouse, query)
    assert customers == outcome_count
    scopes = rows(
        warehouse,
        "select country from reports.rpt_call_list_outcomes where is_test and list = 'model'"
        " group by country",
    )
    countries = rows(
        warehouse,
        "select distinct customers.country from predictions.call_list_log as log"
        " join marts.dim_customers as customers using (customer_key) where log.is_test",
    )
    assert len(scopes) == len(countries) + 1


def test_what_if_shows_the_cells_of_the_registry(warehouse: Warehouse) -> None:
    for model in ("churn", "breast_cancer"):
        shown = rows(
            warehouse,
            "select pair, position, other_position, mean, support from reports.rpt_what_if"
            " where model = %s order by 1, 2, 3",
            model,
        )
        stored = rows(
            warehouse,
            "select pair, position, other_position, mean, support"
            " from ml.partial_dependence_pairs join ml.model_versions using (model, version)"
            " where model = %s and status = 'champion' order by 1, 2, 3",
            model,
        )
        assert shown == stored
        assert len({row[0] for row in shown}) == 6
        # Numbers without missing values: each training case is near one cell of each pair.
        if model == "breast_cancer":
            (trained,) = one_row(
                warehouse,
                "select rows_train from ml.model_versions where model = %s and status = 'champion'",
                model,
            )
            assert sum(row[4] for row in shown) == 6 * trained


def test_what_if_has_one_typical_cell_and_three_lines(warehouse: Warehouse) -> None:
    result = rows(
        warehouse,
        "select model, pair, count(*) filter (where is_typical),"
        " count(distinct other_position) filter (where column_line is not null),"
        " count(distinct other_position), bool_and(has_few_cases = (support < 10)),"
        " count(distinct summary) from reports.rpt_what_if group by model, pair, answer_label",
    )
    assert result
    for _, _, typical, lines, columns, is_flagged, summaries in result:
        assert typical == 1
        assert 1 <= lines <= min(3, columns)
        assert is_flagged
        assert summaries == 1


def test_what_if_curves_have_a_point_for_each_value(warehouse: Warehouse) -> None:
    result = rows(
        warehouse,
        "select curve, max(position) over (partition by model, pair, answer_label),"
        " other_curve, max(other_position) over (partition by model, pair, answer_label)"
        " from reports.rpt_what_if",
    )
    for curve, points, other_curve, other_points in result:
        for outline, count in ((curve, points), (other_curve, other_points)):
            corners = [corner.split("%")[0] for corner in outline.split(", ")]
            assert len(corners) == 2 * count
            assert len(set(corners)) == count
