"""Training: time, memory, groups, and what crosses to the client."""

import json
from concurrent.futures import ThreadPoolExecutor

from tests.bench.harness import Bench, Pair, at_least, at_most, compare, seconds
from tests.bench.traffic import counted
from tests.bench.warehouse import FEATURES, Session, table

MODEL = "bench boosting"
# One candidate and nothing beyond it: two folds, refit and test, as the rival does them too.
BARE = {"folds": 2, "bootstrap": 0, "importance_repeats": 0, "promote": "always", "keep": 1}
TRAIN = "select version from ml.train(%s, %s, 'classification', 'target', 'id', %s, options => %s)"
BOOSTING = json.dumps(["hist_gradient_boosting"])


def query(bench: Bench) -> str:
    """The rows to learn from."""
    return f"select id, {', '.join(FEATURES)}, target from {table(bench, 'numeric')}"


def train(session: Session, bench: Bench) -> int:
    """Train the boosted model; its version."""
    return session.rows(TRAIN, MODEL, query(bench), BOOSTING, json.dumps(BARE))[0][0]


@compare(
    "train gradient boosting, read included",
    "scikit-learn doing the same on data already in numpy",
    at_most(1.12),
)
def training(bench: Bench) -> Pair:
    session = Session(bench)
    return Pair(
        lambda: seconds(lambda: train(session, bench)),
        lambda: bench.rival("train.py", query=query(bench), folds=2)["seconds"],
        note="Both sides: 2 folds, a refit and a test score. We also read, sort and fingerprint "
        "the rows, and compute and store distributions and partial dependence",
        done=session.close,
    )


@compare("peak memory of the backend in training", "the pandas client", at_most(0.4))
def memory(bench: Bench) -> Pair:
    def measure_glasshouse() -> float:
        session = Session(bench)
        version = train(session, bench)
        result = session.rows(
            "select peak_memory_mb from ml.model_versions where model = %s and version = %s",
            MODEL,
            version,
        )
        session.close()
        return float(result[0][0])

    return Pair(
        measure_glasshouse,
        lambda: bench.rival("train.py", query=query(bench), folds=2, way="pandas")["peak_mb"],
        unit="MiB",
        note="Our figure includes the server's shared buffers (256 MiB), which all sessions share",
    )


@compare("bytes sent to the client by train + predict", "–", at_most(64, "KiB"))
def traffic(bench: Bench) -> Pair:
    def measure_glasshouse() -> float:
        with counted(bench.settings) as (dsn, byte_count):
            session = Session(bench, dsn=dsn)
            train(session, bench)
            session.rows("drop table if exists bench.predicted")
            session.rows(
                "create table bench.predicted as select * from ml.predict(%s, %s)",
                MODEL,
                query(bench),
            )
            session.close()
            return byte_count() / 1024

    return Pair(measure_glasshouse, None, unit="KiB")


_GROUPED = """
create table bench.{table} as
select i as id, 'group ' || i % {groups} as grp, {features}, null::float8 as y
from generate_series(1, {rows}) as i;
update bench.{table} set y = f1 * 3 + f2 * f3 + random() + length(grp);
"""


CALL_GROUPS = (
    "select * from ml.train('bench groups', %s, 'regression', 'y', 'id', %s, options => %s)"
)
GROUP_OPTIONS = json.dumps({**BARE, "group_by": "grp"})


def _grouped_rows(session: Session, groups: int, per_group: int) -> str:
    """A query of a new table with so many groups."""
    name = f"grouped_{groups}"
    features = ", ".join(f"random() as {name}" for name in FEATURES[:10])
    session.rows(f"drop table if exists bench.{name}")
    session.rows("select setseed(0.5)")
    rows = groups * per_group
    session.rows(_GROUPED.format(table=name, groups=groups, features=features, rows=rows))
    return f"select * from bench.{name}"


def _groups(bench: Bench, algorithm: str, groups: int, per_group: int) -> Pair:
    session = Session(bench)
    query = _grouped_rows(session, groups, per_group)
    rival = {"query": query, "features": FEATURES[:10], "folds": 2, "algorithm": algorithm}
    return Pair(
        lambda: session.seconds(CALL_GROUPS, query, json.dumps([algorithm]), GROUP_OPTIONS),
        lambda: bench.rival("groups.py", **rival)["seconds"],
        note="Both sides: 2 folds, a refit and a test score per group",
        done=session.close,
    )


@compare(
    "100 groups × 2,000 rows, one call",
    "a Python loop over scikit-learn on data already in numpy",
    at_most(2),
)
def groups(bench: Bench) -> Pair:
    return _groups(bench, "ridge", 100, 2_000)


@compare(
    "500 groups × 1,000 rows, ridge, one call",
    "a Python loop over scikit-learn on data already in numpy",
    at_most(1.5),
)
def groups_ridge(bench: Bench) -> Pair:
    return _groups(bench, "ridge", 500, 1_000)


@compare(
    "100 groups × 1,000 rows, gradient boosting, one call",
    "a Python loop over scikit-learn on data already in numpy",
    at_most(1.5),
)
def groups_boosting(bench: Bench) -> Pair:
    return _groups(bench, "hist_gradient_boosting", 100, 1_000)


@compare(
    "500 groups × 1,000 rows, ridge, two sessions",
    "the same groups in one call of one session",
    at_least(1.7),
)
def groups_two_sessions(bench: Bench) -> Pair:
    sessions = [Session(bench) for _ in range(2)]
    query = _grouped_rows(sessions[0], 500, 1_000)
    arguments = (json.dumps(["ridge"]), GROUP_OPTIONS)

    def train_part(part: int) -> None:
        call = "select count(*) from ml.train_groups('bench groups', %s, 2, %s)"
        sessions[part - 1].rows(call, part, query)

    def train_together() -> None:
        sessions[0].rows(CALL_GROUPS, f"{query} where id / 500 % 20 = 0", *arguments)
        with ThreadPoolExecutor() as pool:
            list(pool.map(train_part, (1, 2)))

    def close() -> None:
        for session in sessions:
            session.close()

    return Pair(
        lambda: seconds(train_together),
        lambda: sessions[0].seconds(CALL_GROUPS, query, *arguments),
        note="Two sessions: ml.train on a twentieth of the rows, then half of the groups in each",
        done=close,
    )


@compare(
    "peak memory, ridge on all rows by exact sums", "the same training in memory", at_most(0.7)
)
def exact_sums(bench: Bench) -> Pair:
    rows = f"select id, {', '.join(FEATURES[1:])}, f1 from {table(bench, 'numeric')}"
    call = (
        "select version from ml.train('bench sums', %s, 'regression', 'f1', 'id', "
        "'[\"ridge\"]', options => %s)"
    )

    def peak(options: dict) -> float:
        session = Session(bench)
        version = session.rows(call, rows, json.dumps({**BARE, **options}))[0][0]
        result = session.rows(
            "select peak_memory_mb from ml.model_versions where model = 'bench sums' "
            "and version = %s",
            version,
        )
        session.close()
        return float(result[0][0])

    return Pair(
        lambda: peak({"memory_mb": 300, "rows": "stream"}),
        lambda: peak({}),
        unit="MiB",
        note="options.memory_mb = 300",
    )
