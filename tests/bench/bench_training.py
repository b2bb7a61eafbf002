"""Training: time, memory, groups, and what crosses to the client."""

import json

from tests.bench.harness import Bench, Pair, at_most, compare, seconds
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


GROUPS, PER_GROUP = 100, 2_000
_GROUPED = f"""
create table bench.grouped as
select i as id, 'group ' || i % {GROUPS} as grp,
    {", ".join(f"random() as {name}" for name in FEATURES[:10])}, null::float8 as y
from generate_series(1, {GROUPS * PER_GROUP}) as i;
update bench.grouped set y = f1 * 3 + f2 * f3 + random() + length(grp);
"""


@compare(
    f"{GROUPS} groups × {PER_GROUP:,} rows, one call",
    "a Python loop over scikit-learn on data already in numpy",
    at_most(2),
)
def groups(bench: Bench) -> Pair:
    session = Session(bench)
    session.rows("drop table if exists bench.grouped")
    session.rows("select setseed(0.5)")
    session.rows(_GROUPED)
    rows = "select * from bench.grouped"
    call = (
        "select * from ml.train('bench groups', %s, 'regression', 'y', 'id', "
        "'[\"ridge\"]', options => %s)"
    )
    options = json.dumps({**BARE, "group_by": "grp"})
    return Pair(
        lambda: session.seconds(call, rows, options),
        lambda: bench.rival("groups.py", query=rows, features=FEATURES[:10], folds=2)["seconds"],
        note="Both sides: 2 folds, a refit and a test score per group",
        done=session.close,
    )
