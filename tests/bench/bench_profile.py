"""Profile and drift of a wide table."""

import json

from tests.bench.harness import Bench, Pair, at_least, compare, seconds
from tests.bench.warehouse import Session

COLUMNS = [f"c{number}" for number in range(1, 101)]
_WIDE = f"""
create table bench.wide_{{rows}} as
select i as id, random() > 0.5 as target, {", ".join(f"random()::real as {c}" for c in COLUMNS)}
from generate_series(1, {{rows}}) as i
"""


@compare(
    "profile + drift, 100 columns",
    "Evidently's drift report on the same frame in memory",
    at_least(20),
)
def drift(bench: Bench) -> Pair:
    rows = bench.rows * 35 // 100
    session = Session(bench)
    name = f"bench.wide_{rows}"
    if session.rows("select to_regclass(%s) is null", name)[0][0]:
        session.rows("select setseed(0.5)")
        session.rows(_WIDE.format(rows=rows))
    query = f"select * from {name}"
    session.rows(
        "select from ml.train('bench wide', %s, 'classification', 'target', 'id', %s, "
        "options => %s)",
        f"{query} where id <= 20000",
        json.dumps(["logistic_regression"]),
        json.dumps({"folds": 2, "bootstrap": 0, "importance_repeats": 0, "keep": 1}),
    )

    def both() -> None:
        session.rows("select count(*) from ml.profile('bench wide', %s)", query)
        session.rows("select count(*) from ml.drift('bench wide', %s)", query)

    return Pair(
        lambda: seconds(both),
        lambda: bench.rival("drift.py", query=query, columns=COLUMNS)["seconds"],
        note=f"{rows:,} rows",
        done=session.close,
    )
