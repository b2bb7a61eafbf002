"""Rows with unusual values, and a model of each kind that is trained on them."""

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from psycopg2.extras import execute_values

from .engine import QUICK, Session

CLOSE = 1e-9


# Newton's method and Cholesky's go to the one optimum that there is, so two fits must agree.
EXACT = {"solver": "newton-cholesky", "tol": 1e-12}


TYPES = {
    "id": "int",
    "real": "float8",
    "single": "float4",
    "price": "numeric",
    "whole": "int",
    "flag": "boolean",
    "day": "date",
    "moment": "timestamptz",
    "colour": "text",
    'odd "name"; --': "engine_scoring.short",
    "town": "text",
}


NUMBERS = ("real", "single", "price", "whole", "flag", "day", "moment")


TEXTS = ("colour", 'odd "name"; --')


FEW = [*NUMBERS, *TEXTS]


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


# What only some ways of writing a number, or of quoting a text, would get wrong.
COLOURS = ["red", "green", "it's", 'back\\slash "quoted"', "%s {0}", "", "Straße"]


def seconds(value: Any) -> float:
    """A time of day or a date in days, as the engine sees it."""
    if isinstance(value, datetime):
        return (value - EPOCH).total_seconds() / 86_400
    return float((value - EPOCH.date()).days)


def number(value: Any) -> float:
    if value is None:
        return math.nan
    return seconds(value) if isinstance(value, date) else float(value)


def training_rows() -> list[dict[str, Any]]:
    """Rows with holes in every column, of which each target depends on numbers and texts."""
    random = np.random.default_rng(3)
    rows = []
    for place in range(600):
        colour = str(random.choice(COLOURS))
        row: dict[str, Any] = {
            "id": place,
            "real": float(random.normal(50_000, 2)),
            "single": float(np.float32(random.normal())),
            "price": round(float(random.gamma(2, 100)), 2),
            "whole": int(random.integers(-5, 5)),
            "flag": bool(random.random() < 0.3),
            "day": date(2026, 1, 1) + timedelta(days=int(random.integers(0, 300))),
            "moment": EPOCH + timedelta(days=20_000, seconds=int(random.integers(0, 10**7))),
            "colour": colour,
            'odd "name"; --': str(random.choice(["x ", "y", "z"])),
            "town": f"town {min(int(random.exponential(90)), 399)}",
        }
        push = row["real"] - 50_000 + row["whole"] + 2 * (colour == "red") + random.normal()
        for name in list(row)[1:]:
            if random.random() < 0.08:
                row[name] = None
        row |= {
            "yes": bool(push > 0),
            "kind": ["low", "middle", "high's"][int(push > -2) + int(push > 2)],
            "amount": float(push * 10 + random.normal()),
            "visits": int(random.poisson(np.exp(np.clip(push, -2, 2)))),
            "part": "test" if place % 5 == 0 else "train",
        }
        rows.append(row)
    return rows


ROWS = training_rows()


MODELS = {
    "yes": ("classification", "logistic_regression", EXACT, FEW),
    "amount": ("regression", "ridge", {"solver": "cholesky"}, FEW),
    "kind": ("classification", "logistic_regression", {}, [*FEW, "town"]),
    "visits": ("regression", "poisson", {"alpha": 0.1}, [*FEW, "town"]),
    "rest": ("classification", "sgd", {}, FEW),
    "lda": ("classification", "linear_discriminant_analysis", {}, FEW),
    "lasso": ("regression", "lasso", {"alpha": 0.5}, [*FEW, "town"]),
    "costly": ("classification", "logistic_regression", {}, FEW),
    "trees": ("classification", "hist_gradient_boosting", {"max_iter": 10}, [*FEW, "town"]),
}


# One whose threshold is not in the middle.
OPTIONS = {"costly": {"costs": {"false_positive": 1, "false_negative": 7}}}


TARGETS = {"costly": "yes", "rest": "kind", "lda": "yes", "lasso": "amount", "trees": "yes"}


@pytest.fixture(scope="module")
def user(engine: Any) -> Iterator[Session]:
    admin = Session(engine.dsn("postgres"))
    admin.rows("drop schema if exists engine_scoring cascade")
    admin.rows("create schema engine_scoring authorization transformer")
    session = Session(engine.dsn("transformer"))
    session.rows("create domain engine_scoring.short as varchar(20)")
    columns = ", ".join(f'"{escape_quotes(name)}" {kind}' for name, kind in TYPES.items())
    target_columns = "yes boolean, kind text, amount float8, visits int, part text"
    session.rows(f"create table engine_scoring.examples ({columns}, {target_columns})")
    session.rows(f"create table engine_scoring.probes ({columns})")
    insert(session, "examples", [tuple(row.values()) for row in ROWS])
    for name, (task, algorithm, params, features) in MODELS.items():
        target = TARGETS.get(name, name)
        column_list = ", ".join(f'"{escape_quotes(n)}"' for n in ("id", *features, target, "part"))
        session.train(
            f"engine test scoring {name}",
            f"select {column_list} from engine_scoring.examples",
            target,
            task=task,
            key="id",
            algorithms=[{"algorithm": algorithm, "params": params}],
            split={"by": "column", "column": "part"},
            options={**QUICK, **OPTIONS.get(name, {})},
        )
    yield session
    session.connection.close()
    admin.rows("delete from ml.model_versions where model like 'engine test scoring%'")
    admin.rows("drop schema engine_scoring cascade")
    admin.connection.close()


def escape_quotes(name: str) -> str:
    return name.replace('"', '""')


def insert(session: Session, table: str, rows: list[tuple]) -> None:
    with session.connection.cursor() as cursor:
        execute_values(cursor, f"insert into engine_scoring.{table} values %s", rows)


def fill(session: Session, probes: list[dict[str, Any]]) -> None:
    """Have these rows alone in the table of probes."""
    session.rows("truncate engine_scoring.probes")
    insert(session, "probes", [tuple(probe[name] for name in TYPES) for probe in probes])


PROBES = "select * from engine_scoring.probes"


def predict_probes(session: Session, name: str) -> dict[int, tuple]:
    """Prediction, score and probabilities of each row of the table of probes, from ml.predict."""
    return predict_rows(session, name, PROBES)


def predict_rows(session: Session, name: str, query: str) -> dict[int, tuple]:
    """The same for the rows of any query."""
    rows = session.predict(f"engine test scoring {name}", query)
    return {int(key): answer for key, *answer in rows}


def compiled_predictions(session: Session, name: str) -> dict[int, tuple]:
    """The same from what ml.compile writes."""
    rows = session.rows(compiled_sql(session, name))
    return {key: answer for key, *answer in rows}


def compiled_sql(session: Session, name: str, query: str = PROBES, all_rows: bool = False) -> str:
    call = "select ml.compile(%s, %s, all_rows => %s)"
    return session.rows(call, f"engine test scoring {name}", query, all_rows)[0][0]
