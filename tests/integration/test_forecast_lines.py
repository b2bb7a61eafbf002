"""The forecast page for product lines that are hard to forecast, in a project of its own."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.conftest import ROOT, Warehouse
from tests.integration.dbt_project import DEVELOPER, DbtProject
from tests.integration.registry import Session

DAYS = 520
HORIZON = ("--vars", "{horizon: 56}")
# A product line and its revenue by day n, where day 0 is today and higher numbers lie in the past.
LINES = {
    "steady": "200 + 40 * sin(n * 0.9) + 15 * sin(n * 2.3)",
    "returned": "case when n < 100 then -30 - 9 * sin(n * 1.3) else 90 + 9 * sin(n) end",
    "returned in the tested days": "case when n between 1 and 56 then -20 - 9 * sin(n) else 70 end",
    "asleep": "case when n > 112 then 60 + 5 * sin(n) else 0 end",
    "forgotten": "case when n > 515 then 60 else 0 end",
    "new": "case when n between 1 and 20 then 80 + 10 * sin(n) else 0 end",
    "seldom": "case when n % 41 = 3 then 500 else 0 end",
    "constant": "50",
    "outlier": "120 + 20 * sin(n * 1.9) + case when n = 30 then 1000000 else 0 end",
}
HISTORY = """
select series, current_date - n as day, current_date - n as valid_from, date 'infinity' as valid_to,
    revenue::numeric as revenue
from (values {lines}) as lines(series, revenue, n)
where revenue <> 0
"""
NO_HISTORY = HISTORY.format(lines="(null, 1, 1)") + " and series is not null"
STUBS = {
    "dim_dates": f"""
        select d::date as date_day, extract(isodow from d)::integer as day_of_week,
            extract(month from d)::integer as month, extract(year from d)::integer as year,
            false as is_holiday
        from generate_series(current_date - {DAYS}, current_date + 90, interval '1 day') as d
    """,
    "sat_promotion": """
        select null::uuid as promotion_key, null::uuid as promotion_of_line_key, 0.1 as discount,
            current_date as starts_on, current_date as ends_on, now()::timestamp as valid_from,
            now()::timestamp as load_date
        where false
    """,
    "link_promotion__product_line": """
        select null::uuid as promotion_of_line_key, null::uuid as product_line_key where false
    """,
    "hub_product_line": "select null::uuid as product_line_key, '' as product_line where false",
}
MODELS = (
    "features/feat_revenue__daily.sql", "ml/revenue.sql", "predictions/pred_revenue.*",
    "reports/rpt_forecast*",
)  # fmt: skip


def history(lines: dict[str, str]) -> str:
    """SQL of feat_revenue__history for these lines."""
    values = " union all ".join(
        f"select '{line}', {revenue}, n from generate_series(0, {DAYS - 1}) as n"
        for line, revenue in lines.items()
    )
    return HISTORY.replace("(values {lines})", f"({values})")


@pytest.fixture(scope="module")
def user(engine: Warehouse) -> Iterator[Session]:
    with closing(Session(engine.dsn("transformer"))) as session:
        yield session


@pytest.fixture(scope="module")
def project(
    engine: Warehouse, user: Session, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DbtProject]:
    project = DbtProject(engine, tmp_path_factory.mktemp("forecast"))
    for name, query in STUBS.items():
        project.write(f"models/features/{name}.sql", query)
    for pattern in MODELS:
        for file in (ROOT / "dbt" / "models").glob(pattern):
            target = project.folder / "models" / file.relative_to(ROOT / "dbt" / "models")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    yield project
    if user.states(f"{DEVELOPER}.revenue"):
        user.rows("select ml.drop_model(%s)", f"{DEVELOPER}.revenue")
    for layer in ("models", "features", "predictions", "reports"):
        user.rows(f"drop schema if exists {DEVELOPER}_{layer} cascade")


@pytest.fixture(scope="module")
def pages(project: DbtProject, user: Session) -> dict[str, dict[str, Any]]:
    """What the page says about each line: rpt_forecast_text, and the row of all days."""
    project.write("models/features/feat_revenue__history.sql", history(LINES))
    outcome = project.run("build", *HORIZON)
    # The tests of the reports are part of the build.
    assert outcome.exit_code == 0, outcome.output
    return {page["series"]: page for page in read_pages(user)}


def read_pages(user: Session) -> list[dict[str, Any]]:
    return [
        page
        for (page,) in user.rows(f"""
            select to_jsonb(texts) || coalesce(to_jsonb(errors), '{{}}')
            from {DEVELOPER}_reports.rpt_forecast_text as texts
            left join {DEVELOPER}_reports.rpt_forecast_errors as errors
                on errors.series = texts.series and errors.part = 'all'
        """)
    ]


def test_each_line_has_texts(pages: dict[str, dict[str, Any]]) -> None:
    assert pages.keys() == LINES.keys()
    for page in pages.values():
        assert page["subline"].startswith("Tested on the last 56 days: the forecast was off by ")


def test_interval_bounds_are_ordered(user: Session, pages: dict[str, dict[str, Any]]) -> None:
    rows = user.rows(
        f"select series, count(*), bool_and(lower <= upper), max(upper - lower) > 0"
        f" from {DEVELOPER}_predictions.pred_revenue group by series, is_future"
    )
    assert {series for series, *_ in rows} == LINES.keys() and len(rows) == 2 * len(LINES)
    for series, days, is_ordered, has_width in rows:
        assert days == 56 and is_ordered, series
        # A forecast without errors, or without sales to look back on, has no width. A line that
        # sells seldom has no sale on four of five days.
        assert has_width or series in ("constant", "forgotten", "new", "seldom")


@pytest.mark.parametrize("line", ["steady", "returned", "outlier"])
def test_interval_contains_most_days(pages: dict[str, dict[str, Any]], line: str) -> None:
    assert pages[line]["inside"] >= 0.6


def test_line_with_more_returns_than_sales(pages: dict[str, dict[str, Any]]) -> None:
    page = pages["returned"]
    assert (
        page["number"].startswith("-") and page["rest"] == ", because more is returned than sold."
    )
    assert 0 <= min(page["error"], page["simple_error"]) < 0.7


def test_line_without_sales_in_test_period(pages: dict[str, dict[str, Any]]) -> None:
    for line in ("asleep", "forgotten"):
        page = pages[line]
        assert page["error"] is None and page["simple_error"] is None
        assert "Nothing was sold in these days, so the errors are in euros." in page["subline"]
        assert page["simple_text"] == "0 €"
    forgotten = pages["forgotten"]
    assert (forgotten["verdict"], forgotten["state"]) == ("equal", "none")
    assert forgotten["number"] == "0 €" and "Nothing was sold in the 14 months" in forgotten["rest"]
    assert pages["asleep"]["verdict"] in ("equal", "simple rule better")


def test_new_line_uses_interval_of_other_lines(
    user: Session, pages: dict[str, dict[str, Any]]
) -> None:
    page = pages["new"]
    assert page["verdict"] == "equal" and page["error"] == page["simple_error"] == 1
    assert "there was nothing to forecast from" in page["subline"]
    assert float(page["number"].removesuffix(" €").replace(",", "")) > 0


def test_shop_without_lines_has_no_forecast_text(
    project: DbtProject, user: Session, pages: dict[str, dict[str, Any]]
) -> None:
    for lines, reason in (
        (NO_HISTORY, "orders from at least 224 days; the shop has 0 days."),
        (history({"only": "50"}), "too few or all alike"),
    ):
        project.write("models/features/feat_revenue__history.sql", lines)
        outcome = project.run("build", *HORIZON, "--select", "feat_revenue__history+")
        assert outcome.exit_code == 0, outcome.output
        (page,) = read_pages(user)
        assert page["lead"] == "There is no forecast yet" and page["series"] == "Total"
        assert reason in page["subline"]
