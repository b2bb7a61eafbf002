"""What the result of one chart's query says about the chart."""

import pytest

from scripts.assets.checks.charts import Limits, QueryResult
from scripts.assets.model.asset import Asset
from scripts.assets.model.problems import Rule

CHART = Asset("charts", {"slice_name": "Orders", "uuid": "1"}, "charts/orders.yaml")
LIMITS = Limits(milliseconds=500, rows=100)


def result(rows: int = 100, milliseconds: int = 500, **parts: object) -> QueryResult:
    return QueryResult(CHART, rows, milliseconds, **parts)


@pytest.mark.parametrize(
    ("answer", "rule", "words"),
    [
        (result(rows=101), Rule.TOO_MANY_ROWS, "101 rows, and the limit is 100"),
        (result(milliseconds=501), Rule.TOO_SLOW, "501 ms, and the limit is 500"),
        (result(rows=101, milliseconds=501), Rule.TOO_MANY_ROWS, "101 rows"),
        (result(rows=0, empty=True), Rule.NO_ROWS, "no rows"),
        (result(error="no such column"), Rule.QUERY_FAILS, "no such column"),
        (result(error="not in Superset yet", pushed=False), Rule.NOT_PUSHED, "not in Superset"),
    ],
)
def test_result_is_problem_of_its_rule(answer: QueryResult, rule: Rule, words: str) -> None:
    problem = answer.problem(LIMITS)
    assert problem is not None
    assert problem.rule is rule
    assert "Orders" in problem.message and words in problem.message


@pytest.mark.parametrize("limits", [LIMITS, Limits()])
def test_result_at_the_limit_is_no_problem(limits: Limits) -> None:
    assert result().problem(limits) is None


def test_without_limits_large_and_slow_results_are_no_problem() -> None:
    assert result(rows=1_000_000, milliseconds=60_000).problem(Limits()) is None
