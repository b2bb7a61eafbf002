"""What nobody should do and somebody will: a clear error or a right answer, and a living server."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg2
import psycopg2.errors as errors
import pytest
from psycopg2 import sql

from .test_engine import QUICK, Session

DETAILS = (
    "model_versions", "artifacts", "candidates", "metrics", "curves", "confusion", "importances",
    "distributions",
)  # fmt: skip
READER = "engine_hostile_reader"


@pytest.fixture(scope="module")
def admin(warehouse: Any) -> Iterator[Session]:
    """The superuser; this one session must live through everything that happens here."""
    session = Session(warehouse.dsn("postgres"))
    clean(session)
    session.rows("create schema engine_hostile authorization transformer")
    yield session
    clean(session)
    session.connection.close()


def clean(session: Session) -> None:
    session.rows("delete from ml.model_versions where model like 'engine hostile%'")
    session.rows("drop schema if exists engine_hostile cascade")
    if session.rows("select 1 from pg_roles where rolname = %s", READER):
        session.rows(f"drop owned by {READER}")
        session.rows(f"drop role {READER}")


@pytest.fixture(scope="module")
def user(warehouse: Any, admin: Session) -> Iterator[Session]:
    session = Session(warehouse.dsn("transformer"))
    session.rows("""
        create table engine_hostile.rows as
        select i as id, sin(i) as a, cos(i * 7) as b, sin(i) + random() > 0.4 as target
        from generate_series(1, 200) as i
    """)
    yield session
    session.connection.close()


@pytest.fixture(autouse=True)
def alive(admin: Session) -> Iterator[None]:
    """A crash of any session would have taken this one with it."""
    yield
    assert admin.rows("select 1") == [(1,)]


ROWS = "select * from engine_hostile.rows"


def debris(admin: Session, model: str) -> dict[str, int]:
    """What each table of the registry holds of a model."""
    counts = {
        name: admin.rows(f"select count(*) from ml.{name} where model = %s", model)[0][0]
        for name in DETAILS
    }
    return {name: count for name, count in counts.items() if count}


NAMES = [
    "'; drop table engine_hostile.rows; --",
    '"; drop table engine_hostile.rows; --',
    "a' || (select 1/0) || '",
    "%s %(x)s {0} {{ x }} $1 $$ \\ \\' E'\\x41'",
    "Größe – 数 😀 \u202eabc",
    "rows",
    "numbers",
    "a.b",
    "select",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_only_names(user: Session, name: str) -> None:
    """As column, key, target, class and model, through every verb."""
    column, key, target = name[:50], f"k{name}"[:50], f"t{name}"[:50]
    query = sql.SQL(
        "select a as {}, 'it''s ' || id as {}, b, case when target then {} else 'no' end as {}, "
        "case when id % 2 = 0 then {} else 'x' end as word from engine_hostile.rows"
    ).format(*map(sql.Identifier, (column, key)), sql.Literal(name), sql.Identifier(target),
             sql.Literal(name)).as_string(user.connection)  # fmt: skip
    model = f"engine hostile {name}"
    trained = user.train(model, query, target, key=key)
    assert trained["model"] == model
    found = {row[0]: row for row in user.predict(model, query)}
    assert len(found) == 200
    assert {row[1] for row in found.values()} <= {name, "no"}
    ((text,),) = user.rows("select ml.compile(%s, %s)", model, query)
    for answered_key, prediction, score, shares in user.rows(text):
        assert found[answered_key][1] == prediction
        assert found[answered_key][2] == pytest.approx(score, abs=1e-9)
        assert shares.keys() == {name, "no"}
    assert len(user.rows("select * from ml.explain(%s, %s, 1)", model, query)) == 600
    assert user.rows("select * from ml.evaluate(%s, %s)", model, query)
    assert user.rows("select * from ml.drift(%s, %s)", model, query)
    assert user.rows("select count(*) from engine_hostile.rows") == [(200,)]


@pytest.mark.parametrize(
    "query",
    [
        "select 1) as rows; drop table engine_hostile.rows; --",
        "select * from engine_hostile.rows; drop table engine_hostile.rows",
        "drop table engine_hostile.rows",
        "delete from engine_hostile.rows returning *",
        "with gone as (delete from engine_hostile.rows returning *) select * from gone",
        "select * from engine_hostile.rows where id = $1",
        "select * from engine_hostile.rows /*",
        "select * from engine_hostile.rows where a = '",
        "begin",
        "set role postgres",
        "copy engine_hostile.rows to program 'true'",
        "table engine_hostile.rows into outfile",
        "select pg_sleep(0), * from (values (1)) as one (target), pg_read_file('/etc/passwd')",
        "values (1)",
        ";;;",
        "\x01",
    ],
)
def test_queries_that_are_no_rows_to_learn_from(user: Session, query: str) -> None:
    calls = {
        "train": "select * from ml.train('engine hostile no', %s, 'classification', 'target')",
        "compile": "select ml.compile('engine hostile base', %s)",
        "predict": "select * from ml.predict('engine hostile base', %s)",
        "profile": "select * from ml.profile('engine hostile base', %s)",
    }
    base(user)
    for verb, call in calls.items():
        if verb == "profile" and query == "values (1)":
            continue  # that has columns, and can be described
        with pytest.raises(psycopg2.Error) as caught:
            user.rows(call, query)
        assert "Traceback" not in str(caught.value).split("CONTEXT")[0]
    assert user.rows("select count(*) from engine_hostile.rows") == [(200,)]


def base(user: Session) -> None:
    """A model to ask, trained once."""
    if not user.rows("select 1 from ml.model_versions where model = 'engine hostile base'"):
        user.train("engine hostile base", ROWS, "target", key="id")


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("algorithms", [{"algorithm": "'; drop schema ml cascade; --"}]),
        ("algorithms", [{"algorithm": "../../../etc/passwd"}]),
        ("algorithms", [{"algorithm": "logistic_regression", "params": {"C": "1; select"}}]),
        ("algorithms", [{"algorithm": "logistic_regression", "params": {"C": -1}}]),
        ("algorithms", [{"algorithm": "logistic_regression", "params": {"C": 1e400}}]),
        ("algorithms", [{"algorithm": "logistic_regression", "params": {"solver": "__import__"}}]),
        ("algorithms", [{"algorithm": "random_forest", "params": {"n_estimators": 1.5}}]),
        ("algorithms", [{"algorithm": "hist_gradient_boosting", "params": {"loss": [[]]}}]),
        ("algorithms", [{"algorithm": "logistic_regression", "params": {"__class__": 1}}]),
        ("algorithms", [{"algorithm": "logistic_regression", "params": [1]}]),
        ("algorithms", {"a": {"b": 1}}),
        ("algorithms", 7),
        ("split", {"by": "time; drop", "column": "a"}),
        ("split", {"by": "column", "column": "a'; drop table engine_hostile.rows; --"}),
        ("split", {"test": "0.2"}),
        ("split", {"test": -1}),
        ("split", [1, 2]),
        ("options", {"seed": -1}),
        ("options", {"folds": 10**12}),
        ("options", {"memory_mb": 1}),
        ("options", {"memory_mb": "all"}),
        ("options", {"positive_class": {"a": "'; drop schema ml"}}),
        ("options", {"nobody": 1}),
        ("metric", "roc_auc'; drop schema ml cascade; --"),
        ("key", 'id"; drop schema ml cascade; --'),
        ("task", "classification'; drop schema ml; --"),
    ],
)
def test_choices_that_make_no_sense(
    user: Session, admin: Session, argument: str, value: Any
) -> None:
    model = f"engine hostile choice {argument}"
    with pytest.raises(psycopg2.Error) as caught:
        user.train(model, ROWS, "target", **{"key": "id", argument: value})
    said = str(caught.value)
    assert "Traceback" not in said.split("CONTEXT")[0]
    assert caught.value.pgcode != "XX000", said
    assert debris(admin, model) == {}


def test_deeply_nested_json(user: Session) -> None:
    nested = json.loads("[" * 900 + "]" * 900)
    for argument in ("algorithms", "split", "options"):
        with pytest.raises(psycopg2.Error):
            user.train("engine hostile nested", ROWS, "target", **{argument: nested})


VALUES = {
    "plain infinity": ("case when id = 7 then 'Infinity'::float8 else a end as a", "'a' holds inf"),
    "minus infinity": ("case when id = 7 then '-Infinity' else a end as a", "'a' holds inf"),
    "numeric infinity": ("case when id = 7 then 'inf' else a::numeric end as a", "'a' holds inf"),
    "1e308": ("case when id = 7 then 1e308::float8 else a end as a", "'a' holds inf"),
    "numeric beyond float8": ("case when id = 7 then 1e400::numeric else 1 end as a", "range"),
    "infinite date": ("case when id = 7 then 'infinity' else now() end as a", "'a' holds inf"),
    "division by zero": ("1 / (id - 7) as a", "division by zero"),
}


@pytest.mark.parametrize("case", VALUES)
def test_numbers_that_no_arithmetic_survives(user: Session, case: str) -> None:
    expression, message = VALUES[case]
    query = f"select id, {expression}, b, target from engine_hostile.rows"
    with pytest.raises(psycopg2.Error, match=message):
        user.train("engine hostile value", query, "target", key="id")


def test_a_target_of_infinities(user: Session) -> None:
    infinite = "case when id = 7 then 'inf'::float8 else a end as y"
    query = f"select id, a, b, {infinite} from engine_hostile.rows"
    with pytest.raises(psycopg2.Error, match="'y' holds infinite"):
        user.train("engine hostile value", query, "y", task="regression", algorithms=["ridge"])


def test_nan_is_a_missing_value(user: Session) -> None:
    holes = "select id, {} as a, b, target from engine_hostile.rows"
    nan = holes.format("case when id % 5 = 0 then 'NaN'::float8 else a end")
    null = holes.format("case when id % 5 > 0 then a end")
    user.train("engine hostile nan", nan, "target", key="id")
    user.train("engine hostile null", null, "target", key="id")
    assert user.predict("engine hostile nan", nan) == user.predict("engine hostile null", null)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("false", "returns no row"),
        ("id = 1", "one value only|at least|too few"),
        ("id <= 2", "one value only|at least|too few|rows"),
        ("target", "one value only"),
        ("target is null", "returns no row"),
    ],
)
def test_too_little_to_learn_from(user: Session, condition: str, message: str) -> None:
    with pytest.raises(psycopg2.Error, match=message):
        user.train("engine hostile few", f"{ROWS} where {condition}", "target", key="id")


@pytest.mark.parametrize("rows", [0, 1])
def test_few_rows_to_predict(user: Session, rows: int) -> None:
    base(user)
    query = f"{ROWS} limit {rows}"
    assert len(user.predict("engine hostile base", query)) == rows
    ((text,),) = user.rows("select ml.compile('engine hostile base', %s)", query)
    assert len(user.rows(text)) == rows


def test_as_many_columns_as_a_table_can_have(user: Session) -> None:
    """1,600 of them: two are key and target, and four bytes each are all that fit on a page."""
    columns = ", ".join(f"sin(i * {n})::real as c{n}" for n in range(1, 1599))
    user.rows(
        f"create table engine_hostile.wide as select i as id, sin(i) > 0 as target, {columns} "
        "from generate_series(1, 60) as i"
    )
    query = "select * from engine_hostile.wide"
    options = {**QUICK, "folds": 2, "importance_repeats": 0}
    user.train("engine hostile wide", query, "target", key="id", options=options)
    assert len(user.version("engine hostile wide")["features"]) == 1598
    found = {int(row[0]): row[2] for row in user.predict("engine hostile wide", query)}
    ((text,),) = user.rows("select ml.compile('engine hostile wide', %s)", query)
    written = {row[0]: row[2] for row in user.rows(text)}
    assert written == pytest.approx(found, abs=1e-9)


def test_keys_that_occur_twice_and_none_at_all(user: Session) -> None:
    twice = "select id % 10 as id, a, b, target from engine_hostile.rows"
    user.train("engine hostile twice", twice, "target", key="id")
    assert len(user.predict("engine hostile twice", twice)) == 200
    # An empty key is a key; NULL is none.
    odd = "select case when id > 1 then '' end as id, a, b from engine_hostile.rows where id < 3"
    keys = [row[0] for row in user.predict("engine hostile twice", odd)]
    assert keys == [None, ""]
    alone = "select '' as id, a, b from engine_hostile.rows limit 1"
    assert user.predict("engine hostile twice", alone)[0][0] == ""


def test_a_text_of_megabytes(user: Session) -> None:
    query = (
        "select id, a, case when id % 2 = 0 then repeat('x', 3000000) else 'y' end as word, target "
        "from engine_hostile.rows where id <= 40"
    )
    user.train("engine hostile long", query, "target", key="id")
    assert len(user.predict("engine hostile long", query)) == 40


class Busy:
    """A session in which ml.train runs for long, in a thread."""

    def __init__(self, warehouse: Any, model: str, algorithm: dict[str, Any]) -> None:
        self.session = Session(warehouse.dsn("transformer"))
        self.pid = self.session.connection.get_backend_pid()
        self.error: Exception | None = None
        arguments = (model, "select * from engine_hostile.many", "target")
        options = {"algorithms": [algorithm], "options": {**QUICK, "folds": 2}, "key": "id"}
        self.thread = threading.Thread(target=self._run, args=(arguments, options))

    def _run(self, arguments: tuple, options: dict[str, Any]) -> None:
        try:
            self.session.train(*arguments, **options)
        except psycopg2.Error as error:
            self.error = error

    def in_the_fit(self, admin: Session) -> None:
        """Start, and wait until rows are read and scikit-learn is at work."""
        self.thread.start()
        for _ in range(600):
            time.sleep(0.1)
            state = admin.rows(
                "select count(*) filter (where relation = 'engine_hostile.many'::regclass), "
                "(select query_start < clock_timestamp() - interval '2 seconds' "
                "from pg_stat_activity where pid = %s) from pg_locks where pid = %s",
                self.pid,
                self.pid,
            )
            if state[0][0] and state[0][1]:
                return
            assert self.thread.is_alive(), self.error
        raise AssertionError("It did not begin")

    def ended(self) -> Exception | None:
        self.thread.join(120)
        assert not self.thread.is_alive()
        return self.error


# Without end, were it not for the cancel.
ENDLESS = {
    "hist_gradient_boosting": {"max_iter": 100_000, "early_stopping": False, "learning_rate": 1e-6},
    "random_forest": {"n_estimators": 100_000},
    "mlp": {"max_iter": 100_000, "tol": 0.0, "n_iter_no_change": 100_000},
}


@pytest.fixture(scope="module")
def many(user: Session) -> None:
    user.rows("""
        create table engine_hostile.many as
        select i as id, random() as a, random() as b, random() as c, random() > 0.5 as target
        from generate_series(1, 4000) as i
    """)


@pytest.mark.parametrize("algorithm", ENDLESS)
def test_cancelled_in_the_middle_of_a_fit(
    warehouse: Any, user: Session, admin: Session, many: None, algorithm: str
) -> None:
    model = f"engine hostile cancel {algorithm}"
    champion = user.train(model, ROWS, "target", key="id")["version"]
    before = debris(admin, model)
    busy = Busy(warehouse, model, {"algorithm": algorithm, "params": ENDLESS[algorithm]})
    busy.in_the_fit(admin)
    admin.rows("select pg_cancel_backend(%s)", busy.pid)
    assert isinstance(busy.ended(), errors.QueryCanceled)
    assert debris(admin, model) == before
    # The session goes on, and the champion is the old one.
    assert len(busy.session.predict(model, ROWS)) == 200
    assert busy.session.version(model)["version"] == champion
    busy.session.connection.close()


def test_out_of_time_in_the_middle_of_a_fit(
    warehouse: Any, user: Session, admin: Session, many: None
) -> None:
    session = Session(warehouse.dsn("transformer"))
    session.rows("set statement_timeout = '3s'")
    name = "hist_gradient_boosting"
    with pytest.raises(errors.QueryCanceled):
        session.train(
            "engine hostile timeout",
            "select * from engine_hostile.many",
            "target",
            algorithms=[{"algorithm": name, "params": ENDLESS[name]}],
        )
    assert debris(admin, "engine hostile timeout") == {}
    session.connection.close()


def test_ended_in_the_middle_of_a_fit(
    warehouse: Any, user: Session, admin: Session, many: None
) -> None:
    name = "random_forest"
    busy = Busy(warehouse, "engine hostile end", {"algorithm": name, "params": ENDLESS[name]})
    busy.in_the_fit(admin)
    admin.rows("select pg_terminate_backend(%s)", busy.pid)
    assert busy.ended() is not None
    assert debris(admin, "engine hostile end") == {}


def test_a_table_is_not_dropped_while_it_is_learned_from(
    warehouse: Any, user: Session, admin: Session, many: None
) -> None:
    name = "hist_gradient_boosting"
    busy = Busy(warehouse, "engine hostile drop", {"algorithm": name, "params": ENDLESS[name]})
    busy.in_the_fit(admin)
    user.rows("set lock_timeout = '200ms'")
    with pytest.raises(errors.LockNotAvailable):
        user.rows("drop table engine_hostile.many")
    user.rows("reset lock_timeout")
    admin.rows("select pg_cancel_backend(%s)", busy.pid)
    assert isinstance(busy.ended(), errors.QueryCanceled)
    busy.session.connection.close()


def test_a_query_that_drops_its_own_table(user: Session) -> None:
    user.rows("create table engine_hostile.doomed as select * from engine_hostile.rows")
    user.rows("""
        create function engine_hostile.drop_it() returns int language plpgsql as
        'begin drop table engine_hostile.doomed; return 1; end'
    """)
    query = "select *, engine_hostile.drop_it() as one from engine_hostile.doomed"
    with pytest.raises(psycopg2.Error, match="being used by active queries"):
        user.train("engine hostile doomed", query, "target", key="id")
    assert user.rows("select count(*) from engine_hostile.doomed") == [(200,)]


@pytest.fixture(scope="module")
def reader(warehouse: Any, user: Session, admin: Session) -> Iterator[Session]:
    """A role that may call every function of the engine, and read one table of two."""
    admin.rows(f"create role {READER} login password 'a password of a test'")
    admin.rows(f"grant connect on database warehouse to {READER}")
    admin.rows(f"grant usage on schema ml, engine_hostile to {READER}")
    admin.rows(f"grant select on engine_hostile.rows to {READER}")
    admin.rows(f"grant select on all tables in schema ml to {READER}")
    called = admin.rows("""
        select oid::regprocedure::text from pg_proc
        where
            pronamespace = 'ml'::regnamespace
            and has_function_privilege('transformer', oid, 'execute')
    """)
    for (function,) in called:
        admin.rows(f"grant execute on function {function} to {READER}")
    user.rows("create table engine_hostile.secret as select * from engine_hostile.rows")
    user.rows("create view engine_hostile.window_on_it as select * from engine_hostile.secret")
    base(user)
    dsn = {**warehouse.dsn("transformer"), "user": READER, "password": "a password of a test"}
    session = Session(dsn)
    yield session
    session.connection.close()


CALLS = (
    "select * from ml.train('engine hostile spy', %s, 'classification', 'target')",
    "select * from ml.predict('engine hostile base', %s)",
    "select * from ml.predict_batches('engine hostile base', %s)",
    "select ml.compile('engine hostile base', %s)",
    "select * from ml.explain('engine hostile base', %s)",
    "select * from ml.evaluate('engine hostile base', %s)",
    "select * from ml.drift('engine hostile base', %s)",
    "select * from ml.profile('engine hostile spy', %s)",
)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("relation", ["secret", "window_on_it"])
def test_nobody_reads_through_the_engine_what_he_may_not_read(
    reader: Session, call: str, relation: str
) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        reader.rows(call, f"select * from engine_hostile.{relation}")
    with pytest.raises(errors.InsufficientPrivilege):
        reader.rows(call, f"{ROWS} where exists (select from engine_hostile.{relation})")
    assert reader.rows(CALLS[1], ROWS)


def test_every_function_that_takes_a_query_runs_as_its_caller(admin: Session) -> None:
    """With the owner's rights run the registry's doors alone, and those take no query."""
    definers = admin.rows("""
        select proname, proargnames from pg_proc
        where pronamespace = 'ml'::regnamespace and prosecdef
    """)
    assert definers
    for name, arguments in definers:
        assert "query" not in (arguments or []), name
    open_to_all = admin.rows("""
        select oid::regprocedure::text from pg_proc
        where
            pronamespace = 'ml'::regnamespace
            and has_function_privilege('dashboard', oid, 'execute')
    """)
    assert open_to_all == []


@pytest.mark.parametrize(
    "statement",
    [
        "insert into ml.artifacts values ('engine hostile base', 9, '', '')",
        "update ml.artifacts set content = ''",
        "update ml.model_versions set status = 'champion'",
        "delete from ml.metrics",
        "truncate ml.curves",
        "drop table ml.models",
        "alter table ml.artifacts disable trigger all",
        "create table ml.mine (a int)",
        "create function ml.mine() returns int language sql as 'select 1'",
        "select ml.set_champion('engine hostile base', 1, 'promote')",
        "select ml.rawarray('\\x01', 1)",
        "select ml.hold_model('promote', 'engine hostile base')",
        "set role ml_registry",
        "grant ml_registry to current_user",
    ],
)
@pytest.mark.parametrize("who", ["reader", "user"])
def test_nobody_writes_the_registry_past_the_functions(
    statement: str, who: str, request: pytest.FixtureRequest
) -> None:
    session: Session = request.getfixturevalue(who)
    with pytest.raises(errors.InsufficientPrivilege):
        session.rows(statement)


def test_the_door_to_the_registry_takes_a_version_and_nothing_else(
    user: Session, admin: Session
) -> None:
    base(user)
    versions = "select count(*) from ml.model_versions where model = 'engine hostile base'"
    before = admin.rows(versions)
    for payload in ("null", "[]", "{}", '{"version": 7}', '{"version": {"model": ""}}',
                    '{"version": {"model": "engine hostile base", "task": null}}'):  # fmt: skip
        with pytest.raises(psycopg2.Error):
            user.rows("select ml.record_version(%s::jsonb, 'x'::bytea)", payload)
    assert admin.rows(versions) == before


@pytest.mark.parametrize("content", ["\\x01", "\\x" + "00" * 15])
def test_bytes_that_are_no_numbers(user: Session, content: str) -> None:
    with pytest.raises(psycopg2.Error, match="eight bytes"):
        user.rows("select ml.numbers(%s::bytea, true)", content)
    with pytest.raises(psycopg2.Error):
        user.rows("select ml.numbers(%s::bytea, false)", content)
    assert user.rows("select ml.numbers('', true)") == [([],)]
