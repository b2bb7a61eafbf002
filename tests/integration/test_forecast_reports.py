"""The reports of the page Forecast: odd series, forecasts as made, models trained by SQL."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest

from tests.conftest import ROOT, Warehouse
from tests.integration.dbt_project import DEVELOPER, DbtProject
from tests.integration.registry import Session

HORIZON, DAYS = 14, 150
VARIABLES = ("--vars", f"{{horizon: {HORIZON}}}")
# A series and its value on day n.
LINES = {
    "steady": "200 + 40 * sin(n * 6.2832 / 7) + n * 7919 % 101 / 10.0",
    "returned": "-30 - 9 * sin(n * 6.2832 / 7) - n * 7919 % 101 / 10.0",
    "asleep": "case when n < 90 then 60 + 5 * (n % 7) else 0 end",
    "seldom": "case when n % 41 = 3 then 500 else 0 end",
    "constant": "50",
}
FILES = ("ml/revenue.sql", "predictions/pred_revenue.sql", "predictions/forecast_log.*")
FILES += ("reports/rpt_forecast*", "reports/rpt_features.sql")
BY_SQL = f"{DEVELOPER}.by_sql"


def daily(lines: dict[str, str], days: int) -> str:
    """SQL of feat_revenue__daily: these lines on so many days, and the days to forecast."""
    series = " union all ".join(
        f"select '{line}' as series, n, ({value})::float8 as revenue"
        f" from generate_series(0, {days + HORIZON - 1}) as n"
        for line, value in lines.items()
    )
    return f"""
        select series, date '2025-01-01' + n as day, n % 30 = 7 as is_holiday,
            n as days_to_christmas, 0 as year_ago, 1 as year_ago_index,
            case when n < {days} then revenue end as revenue
        from ({series}) as lines
    """


@pytest.fixture(scope="module")
def user(engine: Warehouse) -> Iterator[Session]:
    with closing(Session(engine.dsn("transformer"))) as session:
        yield session


@pytest.fixture(scope="module")
def project(
    engine: Warehouse, user: Session, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DbtProject]:
    project = DbtProject(engine, tmp_path_factory.mktemp("forecast"))
    for pattern in FILES:
        for file in (ROOT / "dbt" / "models").glob(pattern):
            target = project.folder / "models" / file.relative_to(ROOT / "dbt" / "models")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    seeds = project.folder / "seeds"
    seeds.mkdir()
    shutil.copy(ROOT / "dbt" / "seeds" / "algorithm_labels.csv", seeds)
    yield project
    for model in (f"{DEVELOPER}.revenue", BY_SQL):
        if user.states(model):
            user.rows("select ml.drop_model(%s)", model)
    for layer in ("models", "features", "predictions", "reports"):
        user.rows(f"drop schema if exists {DEVELOPER}_{layer} cascade")
    user.rows(f"drop schema if exists {DEVELOPER} cascade")


@pytest.fixture(scope="module")
def pages(project: DbtProject, user: Session) -> dict[str, dict[str, Any]]:
    """The headline of each series after a first build."""
    project.write("models/features/feat_revenue__daily.sql", daily(LINES, DAYS))
    outcome = project.run("build", *VARIABLES)
    # The tests of the reports are part of the build.
    assert outcome.exit_code == 0, outcome.output
    return {page["series"]: page for page in headlines(user)}


def headlines(user: Session) -> list[dict[str, Any]]:
    query = f"select to_jsonb(texts) from {DEVELOPER}_reports.rpt_forecast_text as texts"
    return [page for (page,) in user.rows(query)]


def test_each_series_has_headline(pages: dict[str, dict[str, Any]]) -> None:
    assert pages.keys() == LINES.keys()
    for page in pages.values():
        assert "Tested on the last 14 days: the forecast" in page["subline"]
        assert "next 14 days" in page["lead"]
    assert pages["returned"]["number"].startswith("-")
    assert pages["asleep"]["number"] == "0"
    assert "because the series is zero at the end." in pages["asleep"]["subline"]
    assert "because the series is mostly zero." in pages["seldom"]["subline"]
    assert "because the series is constant." in pages["constant"]["subline"]
    # Without an error there is nothing to prefer.
    assert pages["constant"]["verdict"] == pages["asleep"]["verdict"] == "equal"


def test_errors_equal_recomputation(user: Session, pages: dict[str, dict[str, Any]]) -> None:
    reports = f"{DEVELOPER}_reports"
    for line in LINES:
        rows = user.rows(
            f"select step, actual, forecast, lower, upper, simple_rule from {reports}.rpt_forecast"
            " where part = 'test' and series = %s order by step",
            line,
        )
        step, actual, forecast, lower, upper, rule = np.array(rows, float).T
        total = np.abs(actual).sum()
        assert len(rows) == HORIZON and (lower <= upper).all()
        shown = user.rows(
            "select first_step, error, simple_error, inside"
            f" from {reports}.rpt_forecast_errors where series = %s and part = 'all'"
            f" union all select first_step, error, simple_error, inside"
            f" from {reports}.rpt_forecast_errors where series = %s and first_step = 3",
            line,
            line,
        )
        for part, row in zip((step > 0, (step == 3) | (step == 4)), shown, strict=True):
            sums = [np.abs(actual - prediction)[part].sum() for prediction in (forecast, rule)]
            inside = ((lower <= actual) & (actual <= upper))[part].mean()
            assert row[3] == pytest.approx(inside)
            if np.abs(actual)[part].sum() == 0:
                assert row[1] is row[2] is None
            else:
                expected = [value / np.abs(actual)[part].sum() for value in sums]
                assert row[1:3] == pytest.approx(expected)
        assert total == 0 or pages[line]["error"] is not None


def test_forecasts_stay_as_they_were_made(
    project: DbtProject, user: Session, pages: dict[str, dict[str, Any]]
) -> None:
    """Three days later there is a second version; the first is compared with these days."""
    log = f"select * from {DEVELOPER}_predictions.forecast_log where model_version = 1"
    log += " order by series, step"
    first = user.rows(log)
    assert len(first) == HORIZON * len(LINES)
    project.write("models/features/feat_revenue__daily.sql", daily(LINES, DAYS + 3))
    outcome = project.run("build", *VARIABLES)
    assert outcome.exit_code == 0, outcome.output
    assert user.rows(log) == first
    versions = f"select distinct model_version from {DEVELOPER}_predictions.forecast_log"
    assert sorted(user.rows(versions)) == [(1,), (2,)]
    realised = user.rows(
        f"select realised, steps, error, inside from {DEVELOPER}_reports.rpt_forecast_realised"
        " where series = 'steady' and not is_test"
    )
    n = np.arange(DAYS, DAYS + 3)
    actual = 200 + 40 * np.sin(n * 6.2832 / 7) + n * 7919 % 101 / 10
    forecast, lower, upper = np.array(
        user.rows(
            f"select forecast, lower, upper from {DEVELOPER}_predictions.forecast_log"
            " where series = 'steady' and model_version = 1 and step <= 3 order by step"
        )
    ).T
    error = np.abs(actual - forecast).sum() / actual.sum()
    inside = ((lower <= actual) & (actual <= upper)).mean()
    assert realised == [(3, HORIZON, pytest.approx(error), pytest.approx(inside))]


def test_model_trained_by_sql_has_page(user: Session, pages: dict[str, dict[str, Any]]) -> None:
    """The views read the registry, so that no build is needed."""
    query = """
        select date '2020-01-01' + n * interval '1 month' as month, 10 + n % 12 as turnover
        from generate_series(0, 59) as n
    """
    user.rows(
        "select ml.train(%s, %s, 'forecast', 'turnover', options =>"
        """ '{"time": "month", "horizon": 6}', algorithms => '["seasonal_naive", "ets"]')""",
        BY_SQL,
        query,
    )
    (page,) = [page for page in headlines(user) if page["model"] == BY_SQL]
    assert page["series"] == "all" and page["period"] == "1 January 2025 to 1 June 2025"
    assert "next 6 months" in page["lead"]
    assert (
        user.value(
            f"select count(*) from {DEVELOPER}_reports.rpt_forecast"
            f" where model = '{BY_SQL}' and part <> 'history'"
        )
        == 12
    )


def test_model_without_forecast_says_so(
    project: DbtProject, user: Session, pages: dict[str, dict[str, Any]]
) -> None:
    user.rows("select ml.drop_model(%s)", f"{DEVELOPER}.revenue")
    project.write("models/features/feat_revenue__daily.sql", daily(LINES, 20))
    outcome = project.run("build", *VARIABLES)
    assert outcome.exit_code == 0, outcome.output
    (page,) = [page for page in headlines(user) if page["model"] == f"{DEVELOPER}.revenue"]
    assert page["lead"] == "There is no forecast yet" and page["verdict"] == "no forecast"
