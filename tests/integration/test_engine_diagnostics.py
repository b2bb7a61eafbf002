"""Profiles, drift and diagnostics equal a computation in SQL."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest

from .registry import Session

ROWS = """
    select
        i as id,
        case when i % 9 > 0 then sin(i) * 10 + i % 3 end as amount,
        (i % 40)::numeric / 4 as quarters,
        (array['red', 'green', 'it''s "blue"', null])[1 + (i / 7) % 4] as colour,
        i % 4 = 0 as flag,
        date '2026-01-01' + i % 60 as day,
        sin(i) + (i % 4 = 0)::int > 0.2 as y
    from generate_series(1, 2000) as i
"""
QUICK = {"bootstrap": 50, "importance_repeats": 1, "segments": ["colour"]}
NAME = "insight test"


@pytest.fixture(scope="module")
def user(engine: Any) -> Iterator[Session]:
    with closing(Session(engine.dsn("transformer"))) as session:
        session.rows(
            "select ml.train(%s, %s, 'classification', 'y', key => 'id', algorithms => %s, "
            "split => %s, options => %s)",
            NAME,
            ROWS,
            '["logistic_regression"]',
            '{"by": "time", "column": "day"}',
            json.dumps(QUICK),
        )
        session.rows("select ml.profile(%s, %s)", NAME, ROWS)
        yield session
    with closing(Session(engine.dsn("postgres"))) as admin:
        admin.rows("delete from ml.models where model = %s", NAME)
        admin.rows("delete from ml.model_versions where model = %s", NAME)
        admin.rows("delete from ml.profiles where name like %s", f"{NAME}%")


def registry_rows(
    user: Session, table: str, columns: str = "*", where: str = "true"
) -> list[tuple]:
    """Rows of a table of the registry that belong to the model."""
    return user.rows(f"select {columns} from ml.{table} where model = %s and {where}", NAME)


def test_profile_equals_sql(user: Session) -> None:
    for name in ("amount", "quarters", "day"):
        value = f"({name} - date '1970-01-01')" if name == "day" else name
        (expected,) = user.rows(
            f"select count(*), count(*) - count({name}), count(distinct {name}), "
            f"min({value})::float8, percentile_cont(0.25) within group (order by {value}), "
            f"percentile_cont(0.5) within group (order by {value}), "
            f"percentile_cont(0.75) within group (order by {value}), max({value})::float8, "
            f"avg({value})::float8, stddev_samp({value})::float8 from ({ROWS}) as r"
        )
        (result,) = user.rows(
            "select rows, missing, distinct_values, min, lower_quartile, median, upper_quartile, "
            "max, mean, sd from ml.profile_columns where name = %s and column_name = %s",
            NAME,
            name,
        )
        assert result == pytest.approx(expected), name
    assert user.rows(
        "select distinct_values, missing, most_frequent, most_frequent_n from ml.profile_columns "
        "where name = %s and column_name = 'colour'",
        NAME,
    ) == user.rows(
        f"select count(distinct colour), count(*) filter (where colour is null), "
        f"mode() within group (order by colour), "
        f"(select count(*) from ({ROWS}) as r group by colour order by colour is null, 1 desc "
        f"limit 1) from ({ROWS}) as r"
    )


def test_profile_bins_cover_all_rows(user: Session) -> None:
    bins = user.rows(
        "select lower, upper, n from ml.profile_bins where name = %s and column_name = 'amount' "
        "and lower is not null order by bin",
        NAME,
    )
    assert len(bins) == 20
    for position, (lower, upper, n) in enumerate(bins):
        low = "true" if position == 0 else f"amount >= {lower!r}"
        high = "true" if position == 19 else f"amount < {upper!r}"
        assert user.value(f"select count(*) from ({ROWS}) as r where {low} and {high} "
                          "and amount is not null") == n  # fmt: skip
    assert user.rows(
        "select distinct sum(n) from ml.profile_bins where name = %s group by column_name", NAME
    ) == [(2000,)]


def test_correlations_equal_sql(user: Session) -> None:
    expected = user.value(f"select corr(amount, quarters) from ({ROWS}) as r")
    assert user.value(
        "select value from ml.profile_correlations where name = %s and method = 'pearson' "
        "and column_name = 'amount' and other = 'quarters'",
        NAME,
    ) == pytest.approx(expected)
    training = (
        f"({ROWS}) as r where day - date '1970-01-01' < (select (split ->> 'test_from')::float8 "
        f"from ml.model_versions where model = '{NAME}')"
    )
    expected = user.value(f"select corr(amount, y::int) from {training}")
    assert registry_rows(
        user, "correlations", "value",
        "feature = 'amount' and other = 'y' and method = 'pearson'",
    )[0][0] == pytest.approx(expected)  # fmt: skip
    # Cramér's V of a category and a boolean is their correlation ratio, counted by hand in SQL.
    chi = user.value(
        f"with cells as (select colour, y, count(*)::float8 as n from {training} "
        "and colour is not null group by colour, y), "
        "expected as (select colour, y, n, sum(n) over (partition by colour) "
        "* sum(n) over (partition by y) / sum(n) over () as e, sum(n) over () as total from cells) "
        "select sqrt(sum((n - e) ^ 2 / e) / max(total)) from expected"
    )
    assert registry_rows(
        user, "correlations", "value", "feature = 'colour' and other = 'y'"
    )[0][0] == pytest.approx(chi)  # fmt: skip


def test_profile_is_replaced_and_names_author(user: Session) -> None:
    name = f"{NAME} '); drop table ml.profiles; --"
    for rows in (10, 20):
        query = f"select i as a, '{{}}'::jsonb as document from generate_series(1, {rows}) i;"
        assert user.rows("select column_name, rows from ml.profile(%s, %s)", name, query) == [
            ("a", rows)
        ]
    assert user.rows(
        "select rows, columns, profiled_by, excluded -> 0 ->> 'name' from ml.profiles "
        "where name = %s",
        name,
    ) == [(20, 1, "transformer", "document")]


def test_drift_equals_sql(user: Session) -> None:
    """The index of one feature over the bins of the registry, counted by Postgres."""
    new_query = (
        f"select id, amount * 1.3 + 1 as amount, quarters, colour, flag, day from ({ROWS}) as r"
    )
    psi, distance = user.rows(
        "select psi, kolmogorov_smirnov from ml.drift(%s, %s) where feature = 'amount'",
        NAME,
        new_query,
    )[0]
    (expected,) = user.rows(
        f"""
        with stored as (
            select bin, min(lower) as lower, max(upper) as upper, min(category) as category,
                sum(n) as n
            from ml.distributions where model = '{NAME}' and feature = 'amount' group by bin
        ),
        bounds as (
            select bin, n, category, case when bin > 1 then lower end as lower,
                lead(lower) over (order by bin) as next
            from stored
        ),
        counted as (
            select bounds.bin, bounds.category, max(bounds.n) as before, count(r.id) as now
            from bounds left join ({new_query}) as r on case
                when bounds.category is not null then r.amount is null
                else (bounds.lower is null or r.amount >= bounds.lower)
                    and (bounds.next is null or r.amount < bounds.next)
            end
            group by bounds.bin, bounds.category
        ),
        shares as (
            select greatest(before / sum(before) over (), 1e-4) as p,
                greatest(now / sum(now) over (), 1e-4) as q from counted
        ),
        apart as (
            select abs(
                sum(before) over (order by bin) / sum(before) over ()
                - sum(now) over (order by bin) / sum(now) over ()
            ) as distance from counted where category is null
        )
        select (select sum((q - p) * ln(q / p))::float8 from shares),
            (select max(distance)::float8 from apart)
        """
    )
    assert psi > 0.1
    assert (psi, distance) == pytest.approx(expected)


def test_monitored_drift_is_stored_and_dropped_with_version(user: Session) -> None:
    new_query = f"select *, to_char(day, 'YYYY-MM') as month from ({ROWS}) as r where id > 100"
    drift_rows = user.rows("select * from ml.watch(%s, %s, 'month')", NAME, new_query)
    result = registry_rows(
        user, "drifts",
        "period, feature, kind, rows, psi, js, ks, missing, missing_change, new_share, "
        "new_categories, outside_range, psi_previous, p_value, verdict",
    )  # fmt: skip
    order = repr
    assert sorted(result, key=order) == sorted(drift_rows, key=order)
    assert {row[0] for row in result} == {"2026-01", "2026-02", "2026-03"}
    assert {row[1] for row in result} == {"amount", "quarters", "colour", "flag", "(score)"}
    assert len({row[0] for row in registry_rows(user, "drifts", "measured_at")}) == 1
    with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
        user.rows("set transaction read only; select * from ml.watch(%s, %s)", NAME, ROWS)
    # ml.drift keeps nothing, so that a reader may call it.
    user.rows("begin read only")
    assert user.rows("select count(*) from ml.drift(%s, %s)", NAME, ROWS) == [(5,)]
    user.rows("rollback")


def test_version_has_all_diagnostics(user: Session) -> None:
    terms = {row[0] for row in registry_rows(user, "coefficients", "term")}
    colours = user.rows(f"select distinct colour from ({ROWS}) as r where colour is not null")
    assert terms == {
        "(intercept)",
        "amount",
        "amount is missing",
        "quarters",
        "flag",
        *(f"colour = {colour}" for (colour,) in colours),
        "colour is missing",
    }
    assert {row[0] for row in registry_rows(user, "partial_dependence", "class")} == {"true"}
    curves = {row[0] for row in registry_rows(user, "curves", "curve")}
    assert {"threshold", "learning", "score_overall"} <= curves
    where = "metric = 'accuracy' and split = 'test' and series = 'model'"
    segments = registry_rows(user, "metrics", "segment, n", where)
    total = dict(segments).pop("all")
    assert total == sum(n for segment, n in segments if segment != "all")
    (rows_test,) = registry_rows(user, "model_versions", "rows_test")[0]
    assert total == rows_test


def test_retired_and_dropped_versions_have_no_rows(user: Session) -> None:
    name = f"{NAME} retired"
    for _ in range(3):
        user.train(name, keep=1)
    user.rows("select ml.watch(%s, 'select sin(i) as a, cos(i) as b from generate_series(1, 9) i')",
              name)  # fmt: skip
    tables = ("coefficients", "partial_dependence", "partial_dependence_pairs", "correlations")
    for table in tables:
        result = user.rows(f"select distinct version from ml.{table} where model = %s", name)
        assert sorted(result) == [(2,), (3,)], table
    user.rows("select ml.drop_model(%s)", name)
    for table in (*tables, "residuals", "drifts"):
        assert user.rows(f"select from ml.{table} where model = %s", name) == []


@pytest.mark.parametrize(
    "statement",
    [
        "insert into ml.profiles (name) values ('mine')",
        "update ml.drifts set psi = 0",
        "delete from ml.coefficients",
        "select * from ml.profile('x', 'select * from pg_authid')",
        "select * from ml.watch('insight test', 'select rolname as colour from pg_authid')",
    ],
)
def test_direct_writes_and_forbidden_reads_are_refused(user: Session, statement: str) -> None:
    with pytest.raises(psycopg2.Error) as caught:
        user.rows(statement)
    assert "permission denied" in str(caught.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("ml.profile('', 'select 1')", "ml.profile: A profile needs a name"),
        ("ml.profile('x', 'selec 1')", "ml.profile: syntax error"),
        ("ml.profile('x', 'select 1 as a where false')", "ml.profile: The query returns no row"),
        ("ml.watch('insight test', 'select 1 as id')", "ml.watch: The query returns no column"),
        ("ml.watch('nobody', 'select 1 as id')", "ml.watch: There is no model"),
    ],
)
def test_errors_are_one_line(user: Session, call: str, message: str) -> None:
    with pytest.raises(psycopg2.Error) as caught:
        user.rows(f"select * from {call}")
    assert caught.value.diag.message_primary.startswith(message)
    assert "\n" not in caught.value.diag.message_primary
