"""Forecasts of many series."""

import json

from tests.bench.harness import Bench, Pair, at_most, compare
from tests.bench.warehouse import Session

SERIES, DAYS, HORIZON, SEASON = 500, 1_826, 90, 7
TABLE = "bench.daily_series"
# Levels, weekly and yearly seasons and trends of different size, and noise.
_SERIES = f"""
create table {TABLE} as
select
    'series ' || s as unique_id,
    date '2020-01-01' + d as ds,
    (50 + s % 97)
    * (1 + 0.0003 * (s % 5) * d)
    * (1 + 0.2 * sin(2 * pi() * (d + s) / 7) + 0.1 * sin(2 * pi() * (d + s) / 365.25))
    + 5 * (random() + random() + random() - 1.5) as y
from generate_series(1, {SERIES}) as s, generate_series(0, {DAYS - 1}) as d
"""


@compare(
    f"{SERIES} daily series × {DAYS:,} days, horizon {HORIZON}",
    "statsforecast (SeasonalNaive, AutoETS, AutoTheta) on data already in memory",
    at_most(1.2),
)
def forecast(bench: Bench) -> Pair:
    session = Session(bench)
    session.rows(f"drop table if exists {TABLE}")
    session.rows("select setseed(0.5)")
    session.rows(_SERIES)
    query = f"select * from {TABLE}"
    options = {"time": "ds", "series": ["unique_id"], "horizon": HORIZON, "keep": 1}
    call = "select * from ml.train('bench forecast', %s, 'forecast', 'y', options => %s)"
    return Pair(
        lambda: session.seconds(call, query, json.dumps(options)),
        lambda: bench.rival("forecast.py", query=query, horizon=HORIZON, season=SEASON)["seconds"],
        note="We also read the rows, compare eight candidates from rolling origins, and compute "
        "intervals and the components of the history. statsforecast fits each model once",
        done=session.close,
    )
