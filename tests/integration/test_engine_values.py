"""The text of a value is independent of session settings, and errors name the column."""

from typing import Any

import psycopg2
import pytest

from .engine import LOGISTIC, QUICK, Session, admin, user

__all__ = ["admin", "user"]  # fixtures

# What a session can change about the text of a value.
SETTINGS = {
    "TimeZone": "Asia/Kathmandu",
    "DateStyle": "German, DMY",
    "IntervalStyle": "sql_standard",
    "extra_float_digits": "-9",
    "bytea_output": "escape",
}
# A key of each type, in two ways of writing where equal values can be written in two ways.
KEYS = {
    "timestamptz": ("timestamptz '2026-03-01 12:00+00' + i * interval '7 h'",) * 2,
    "timestamp": ("timestamp '0099-12-31 BC' + i * interval '7 h'",) * 2,
    "date": ("date '2026-02-01' + i",) * 2,
    "interval": ("i * interval '1 mon 3 h'",) * 2,
    "float8": ("sqrt(i::float8)",) * 2,
    "float4": ("sqrt(i)::float4",) * 2,
    "numeric": ("i::numeric(10, 1) / 4", "i::numeric(14, 8) / 4.000"),
    "bytea": ("decode(md5(i::text), 'hex')",) * 2,
    "uuid": ("md5(i::text)::uuid",) * 2,
    "jsonb": ("jsonb_build_object('b', i)", """('{"a": 1,  "b": ' || i || '}')::jsonb - 'a'"""),
    "array": ("array[date '2026-02-01' + i]",) * 2,
    "composite": ("row(i, date '2026-02-01' + i)::engine_test.pair",) * 2,
    "range": (
        "tstzrange('2026-02-01 00:00+00', timestamptz '2026-03-01 00:00+00' + i * interval '1 h')",
    )
    * 2,
}  # fmt: skip
FEW = {
    **QUICK,
    "folds": 2,
    "bootstrap": 0,
    "importance_repeats": 0,
    "learning_curve": 0,
    "dependence": 0,
}


@pytest.fixture(scope="module")
def pair(user: Session) -> None:
    user.rows("create type engine_test.pair as (number int, day date)")


@pytest.fixture
def other_session(engine: Any) -> Any:
    """A session with other settings."""
    session = Session(engine.dsn("transformer"))
    for name, value in SETTINGS.items():
        session.rows(f"set {name} = '{value}'")
    yield session
    session.connection.close()


@pytest.mark.parametrize("kind", KEYS)
def test_key_text_is_independent_of_session(
    user: Session, other_session: Session, pair: None, kind: str
) -> None:
    name, facts = f"engine test key {kind}", []
    for session, key in zip((user, other_session), KEYS[kind], strict=True):
        query = f"select {key} as k, i % 7 as a, i % 7 > 3 as y from generate_series(1, 90) as i"
        version_row = session.train(
            name, query, "y", key="k", split={"by": "key", "test": 0.3},
            options={**FEW, "retrain": "if_changed"},
        )  # fmt: skip
        version = session.version(name)
        facts.append(
            (
                version_row["version"], version["data_fingerprint"], version["rows_test"],
                sorted(row[0] for row in session.predict(name, query)),
            )
        )  # fmt: skip
    assert facts[0] == facts[1], "the second call trains nothing, and returns the same keys"


def test_class_text_is_independent_of_session(user: Session, other_session: Session) -> None:
    name, versions = "engine test classes", set()
    for session, target in (
        (user, "(i % 2)::numeric(3, 1)"),
        (other_session, "(i % 2)::numeric(9, 5)"),
    ):
        query = f"select i % 2 + i % 3 as a, {target} as y from generate_series(1, 90) as i"
        session.train(name, query, "y", options={**FEW, "retrain": "if_changed"})
        versions.add(session.version(name)["version"])
        assert [c["class"] for c in session.version(name)["classes"]] == ["0", "1"]
        assert session.rows("select count(*) from ml.evaluate(%s, %s)", name, query)[0][0] > 5
    assert len(versions) == 1, "the second call trains nothing"


def test_query_uses_session_settings(other_session: Session) -> None:
    name = "engine test meaning"
    query = """
        select (timestamptz '2026-01-01 00:00+00' + i * interval '1 day')::text as id,
            i % 5 as a, i % 5 > 2 as y
        from generate_series(1, 60) as i
    """
    other_session.train(name, query, "y", key="id", options=FEW)
    keys = {row[0] for row in other_session.predict(name, query)}
    assert "03.01.2026 05:45:00 +0545" in keys, "as Kathmandu and the German style say"


ROWS = "select i as id, i % 7 as a, i % 7 > 3 as y from generate_series(1, 80) as i"
ENDS = ["; -- done", "\n/* ; */ ;;\n", " -- no line after this", "; --"]


@pytest.mark.parametrize("end", ENDS)
def test_trailing_query_text_is_accepted_by_all_functions(user: Session, end: str) -> None:
    name = "engine test ends"
    user.train(name, ROWS + end, "y", key="id", options=FEW)
    for function, more in (
        ("predict", ""), ("explain", ""), ("evaluate", ""), ("drift", ""), ("watch", ", null"),
    ):  # fmt: skip
        assert user.rows(f"select * from ml.{function}(%s, %s{more})", name, ROWS + end), function
    assert user.rows("select * from ml.profile(%s, %s)", name, ROWS + end)
    assert user.rows("select * from ml.drivers(%s, 'count(*)', 'y', array['a'])", ROWS + end)
    assert user.rows("select * from ml.measure(%s, 'regression', 'id', 'a')", ROWS + end)
    assert user.rows("select ml.compile(%s, %s)", name, ROWS + end)[0][0]


def test_condition_of_caller_does_not_hide_error(user: Session) -> None:
    user.train("engine test ends", ROWS, "y", key="id", options=FEW)
    for function, condition in (
        ("drift", "feature <> ''"), ("explain", "rank > 0"), ("evaluate", "value > 0"),
        ("predict", "score > 0"), ("profile", "rows > 0"),
    ):  # fmt: skip
        name = "engine test ends" if function != "profile" else " "
        with pytest.raises(psycopg2.Error, match=f"^ml.{function}: "):
            user.rows(
                f"select 1 from ml.{function}(%s, 'select 1 as b') where {condition} limit 5", name
            )


FAILURES = {
    "train": ("select * from ml.train('engine test no', 'select 1 as a', 'regression', 'b')", "a"),
    "predict": ("select * from ml.predict('engine test ends', 'select 1 as b')", "b"),
    "explain": ("select * from ml.explain('engine test ends', 'select 1 as b')", "b"),
    "evaluate": ("select * from ml.evaluate('engine test ends', 'select 1 as b')", "b"),
    "drift": ("select * from ml.drift('engine test ends', 'select 1 as b')", "b"),
    "watch": ("select * from ml.watch('engine test ends', 'select 1 as b', null)", "b"),
    "compile": ("select ml.compile('engine test ends', 'select 1 as b')", "b"),
    "help": ("select * from ml.help('predictt')", "predict"),
    "profile": ("select * from ml.profile(' ', 'select 1 as b')", "argument"),
    "drivers": ("select * from ml.drivers('select 1 as b', 'sum(a)', 'b', array['b'])", "b"),
    "measure": ("select * from ml.measure('select 1 as b', 'regression', 'a', 'b')", "b"),
}


@pytest.mark.parametrize("function", FAILURES)
def test_expected_error_has_message_and_hint_without_traceback(
    user: Session, function: str
) -> None:
    user.train("engine test ends", ROWS, "y", key="id", options=FEW)
    statement, hint = FAILURES[function]
    with pytest.raises(psycopg2.Error) as caught:
        user.rows(statement)
    diagnostics = caught.value.diag
    assert diagnostics.message_primary.startswith(f"ml.{function}: ")
    assert hint in diagnostics.message_hint
    assert diagnostics.sqlstate == "22023"
    assert "Traceback" not in str(caught.value)
    assert "PL/Python" not in diagnostics.context
    # The next call of the session knows nothing of it.
    assert user.rows("select count(*) > 5 from ml.help()") == [(True,)]


def test_late_error_starts_with_cause(user: Session) -> None:
    user.train("engine test ends", ROWS, "y", key="id", options=FEW)
    query = "select i as id, 1 / (30000 - i) as a from generate_series(1, 40000) as i"
    for function in ("predict", "explain"):
        with pytest.raises(psycopg2.errors.DivisionByZero) as caught:
            user.rows(f"select count(*) from ml.{function}('engine test ends', %s)", query)
        message = caught.value.diag.message_primary
        assert message == f"ml.{function}: Column 'a' cannot be read: division by zero."


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("10::numeric ^ 400", "Column 'odd' cannot be read: .* is out of range"),
        ("1 / 10::numeric ^ 400", "Column 'odd' cannot be read: .* is out of range"),
        ("date 'infinity'", "'odd' holds infinite"),
        ("timestamp '-infinity'", "'odd' holds infinite"),
        ("'infinity'::numeric", "'odd' holds infinite"),
        ("1 / (i - i)", "Column 'odd' cannot be read: division by zero"),
    ],
)
def test_value_error_names_column(user: Session, value: str, message: str) -> None:
    query = ROWS.replace("i % 7 as a", f"i % 7 as a, case when i % 9 > 0 then {value} end as odd")
    with pytest.raises(psycopg2.Error, match=message) as caught:
        user.train("engine test odd", query, "y", key="id", options=FEW)
    assert len(caught.value.diag.message_primary) < 300


def test_extreme_dates_and_intervals_are_numbers(user: Session) -> None:
    query = """
        select
            i as id,
            case when i > 40 then date '5874897-12-31' else date '4713-01-01 BC' end as day,
            i * interval '1000000 years' / 80 as long,
            timestamp '4713-01-01 BC' + i * interval '1 d' as early,
            i % 7 > 3 as y
        from generate_series(1, 80) as i
    """
    user.train("engine test dates", query, "y", key="id", options=FEW, algorithms=LOGISTIC)
    assert len(user.predict("engine test dates", query)) == 80
