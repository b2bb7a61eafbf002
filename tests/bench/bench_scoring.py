"""Scoring: many rows into a table, and one row in a warm session."""

import json

from tests.bench.bench_training import MODEL, query, train
from tests.bench.harness import Bench, Pair, at_least, at_most, compare
from tests.bench.warehouse import Session, table

LINEAR = "bench linear"
ONE_BY_ONE = 5_000


def _linear(session: Session, bench: Bench) -> None:
    """A linear model learned from a hundred thousand of the rows."""
    session.rows(
        "select from ml.train(%s, %s, 'classification', 'target', 'id', %s, options => %s)",
        LINEAR,
        f"{query(bench)} where id <= 100000",
        json.dumps(["logistic_regression"]),
        json.dumps({"folds": 2, "bootstrap": 0, "importance_repeats": 0, "keep": 1}),
    )


@compare(
    "score, gradient boosting, written to a table", "scikit-learn's predict alone", at_most(1.6)
)
def boosting(bench: Bench) -> Pair:
    session = Session(bench)
    train(session, bench)

    def measure_glasshouse() -> float:
        session.rows("drop table if exists bench.scored")
        return session.seconds(
            "create table bench.scored as select key, prediction, score from ml.predict(%s, %s)",
            MODEL,
            query(bench),
        )

    return Pair(
        measure_glasshouse,
        lambda: bench.rival("predict.py", query=query(bench))["seconds"],
        done=session.close,
    )


@compare(
    "score, linear, written to a table",
    "a client that reads (ADBC), predicts, writes (COPY)",
    at_least(6),
)
def linear(bench: Bench) -> Pair:
    session = Session(bench)
    _linear(session, bench)
    call = "select ml.compile(%s, %s, all_rows => true)"
    text = session.rows(call, LINEAR, query(bench))[0][0]

    def measure_glasshouse() -> float:
        session.rows("drop table if exists bench.scored")
        return session.seconds(
            f"create table bench.scored as select id, prediction, score from ({text}) as answers"
        )

    return Pair(
        measure_glasshouse,
        lambda: bench.rival("client.py", query=query(bench))["seconds"],
        done=session.close,
    )


_ONE_ROW = """
do $$
declare
    found double precision;
begin
    for place in 1 .. {count} loop
        select score into found from bench.one_row where id = place;
    end loop;
end
$$
"""


@compare("one row, linear, warm session", "scikit-learn's own predict on one row", at_least(10))
def one_row(bench: Bench) -> Pair:
    session = Session(bench)
    name = table(bench, "numeric")
    session.rows(f"create unique index if not exists {name.split('.')[1]}_id on {name} (id)")
    session.rows(f"analyze {name}")
    _linear(session, bench)
    text = session.rows("select ml.compile(%s, %s)", LINEAR, f"select * from {name}")[0][0]
    session.rows("drop view if exists bench.one_row")
    session.rows(f"create view bench.one_row as {text}")

    def done() -> None:
        session.rows("drop view bench.one_row")
        session.close()

    return Pair(
        lambda: session.seconds(_ONE_ROW.format(count=ONE_BY_ONE)) / ONE_BY_ONE * 1e6,
        lambda: bench.rival("one_row.py", query=query(bench))["microseconds"],
        unit="µs",
        note="Measured in the server, without the network. Our time includes finding the row by "
        "its key",
        done=done,
    )
