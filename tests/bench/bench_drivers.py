"""The slices that explain a change, over many rows."""

from tests.bench.harness import Bench, Pair, at_most, compare, seconds
from tests.bench.warehouse import Session

DIMENSIONS = ["country", "channel", "line", "city", "brand", "store"]
_LINES = """
create table bench.order_lines_{rows} as
select
    i % 2 = 0 as is_test,
    'country ' || (random() ^ 3 * 60)::int as country,
    'channel ' || (random() * 5)::int as channel,
    'line ' || (random() * 12)::int as line,
    'city ' || (random() ^ 2 * 500)::int as city,
    'brand ' || (random() * 100)::int as brand,
    (random() * 20)::int as store,
    (random() * 100)::numeric(10, 2) as amount
from generate_series(1, {rows}) as i
"""


@compare("drivers of a sum, 6 dimensions", "the limit", at_most(60, "s"))
def drivers(bench: Bench) -> Pair:
    rows = bench.rows * 10
    session = Session(bench)
    name = f"bench.order_lines_{rows}"
    if session.rows("select to_regclass(%s) is null", name)[0][0]:
        session.rows("select setseed(0.5)")
        session.rows(_LINES.format(rows=rows))
    return Pair(
        lambda: seconds(
            lambda: session.rows(
                "select count(*) from ml.drivers(%s, 'sum(amount)', 'is_test', %s)",
                f"select * from {name}",
                DIMENSIONS,
            )
        ),
        None,
        note=f"{rows:,} rows",
        done=session.close,
    )
