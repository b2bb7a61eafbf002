"""Trees as SQL: SQLite computes the expressions, and the answers are those of the model."""

import json
import re
import sqlite3
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.table import Column
from glasshouse_ml.registry.artifacts import unpack
from glasshouse_ml.tasks.registry import TASKS
from glasshouse_ml.use.sql_export.expression import SqlWriter
from glasshouse_ml.use.sql_export.tree_form import NotExportable, TreeForm, tree_form
from scipy.special import expit, softmax

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn

COLOURS = ["red", "green", "it's", "Größe"]
TYPES = {"x": ("double precision", "number", "float8"), "colour": ("text", "category", "text")}
TYPES |= {"loyal": ("boolean", "boolean", "bool"), "small": ("integer", "number", "int4")}
BOOSTED = {"algorithm": "hist_gradient_boosting", "params": {"max_iter": 15}}
FOREST = {"algorithm": "random_forest", "params": {"n_estimators": 9, "max_depth": 5}}
TREE = {"algorithm": "decision_tree", "params": {"max_depth": 6}}


def table(seed: int = 6) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(400):
        x = float(np.float32(rng.normal()))
        colour = str(rng.choice(COLOURS))
        small = int(rng.integers(0, 5))
        total = x + (1.5 if colour in COLOURS[:2] else -0.5) + small / 3
        rows.append(
            {
                "x": None if rng.random() < 0.1 else x,
                "colour": None if rng.random() < 0.1 else colour,
                "loyal": None if rng.random() < 0.1 else bool(rng.random() < 0.5),
                "small": small,
                "target": bool(total > 0.8),
                "kind": "abc"[min(2, max(0, int(total + 1)))],
                "amount": max(total, 0.0),
            }
        )
    return rows


def trained(target: str, entry: dict[str, Any]) -> Model:
    rows = table()
    others = {"target", "kind", "amount"} - {target}
    db = StandIn([{k: v for k, v in row.items() if k not in others} for row in rows])
    task = "regression" if target == "amount" else "classification"
    options = {"bootstrap": 0, "importance_repeats": 0, "folds": 2}
    call(db, options, task=task, target=target, algorithms=json.dumps([entry]))
    return unpack(db.artifacts[0])


def form_of(model: Model) -> TreeForm:
    types = [(f, *TYPES[f.name]) for f in model.features]
    columns = [Column(f.name, name, f.kind, base_type=base) for f, name, _, base in types]
    literal = "'{}'".format
    return tree_form(
        model, SqlWriter(columns, '"{}"'.format, lambda text: literal(text.replace("'", "''")))
    )


def in_sqlite(form: TreeForm, rows: list[dict[str, Any]]) -> np.ndarray:
    """The sums of each row; casts are left out, because SQLite has no types."""
    names = list(TYPES)
    columns = ", ".join(f"{sql} as c{place}" for place, sql in enumerate(form.columns))
    statement = f"select {', '.join(form.sums)} from (select {columns} from rows)"
    statement = re.sub(r"'([^' ]+)'::float8", r"\1", statement)
    statement = re.sub(r"::\w+", "", statement).replace('collate "C"', "collate binary")
    with sqlite3.connect(":memory:") as connection:
        connection.execute(f"create table rows ({', '.join(names)})")
        places = ", ".join("?" * len(names))
        values = [[row[name] for name in names] for row in rows]
        connection.executemany(f"insert into rows values ({places})", values)
        return np.array(connection.execute(statement).fetchall(), float)


def encoded(model: Model, rows: list[dict[str, Any]]) -> np.ndarray:
    def cell(feature: Any, value: Any) -> float:
        if value is None:
            return np.nan
        return feature.codes().get(value, feature.other) if feature.categories else float(value)

    return np.array([[cell(f, row[f.name]) for f in model.features] for row in rows])


def new_rows() -> list[dict[str, Any]]:
    """Other rows, with a text that training did not have, and all values missing."""
    rows = table(seed=7)
    rows += [{**row, "colour": "pink", "x": 1e9} for row in rows[:20]]
    return [*rows, dict.fromkeys(rows[0])]


@pytest.mark.parametrize("entry", [BOOSTED, FOREST, TREE, {**FOREST, "algorithm": "extra_trees"}])
@pytest.mark.parametrize("target", ["target", "kind", "amount"])
def test_sums_are_those_of_the_model(target: str, entry: dict[str, Any]) -> None:
    model = trained(target, entry)
    rows = new_rows()
    form = form_of(model)
    sums = in_sqlite(form, rows)
    links = {
        "identity": lambda z: z,
        "exponential": np.exp,
        "logistic": lambda z: np.column_stack([expit(-z[:, 0]), expit(z[:, 0])]),
        "softmax": lambda z: softmax(z, axis=1),
        "probability": lambda z: z,
    }
    matrix = encoded(model, rows)
    expected = TASKS[model.task].explained_output(model, matrix)
    np.testing.assert_allclose(links[form.link](sums), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("loss", ["poisson", "gamma", "absolute_error"])
def test_losses_have_their_link(loss: str) -> None:
    params = {"max_iter": 5, "loss": loss}
    rows = [{**row, "amount": row["amount"] + 0.1} for row in table()]
    db = StandIn([{k: v for k, v in row.items() if k not in ("target", "kind")} for row in rows])
    entry = {"algorithm": "hist_gradient_boosting", "params": params}
    call(db, task="regression", target="amount", algorithms=json.dumps([entry]))
    model = unpack(db.artifacts[0])
    form = form_of(model)
    sums = in_sqlite(form, rows)[:, 0]
    predictions = np.exp(sums) if form.link == "exponential" else sums
    np.testing.assert_allclose(
        predictions, model.pipeline.predict(encoded(model, rows)), rtol=1e-12
    )


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"algorithm": "random_forest", "params": {"n_estimators": 20}}, "500 are the most"),
        ({"algorithm": "gaussian_nb"}, "GaussianNB is neither"),
        ({"algorithm": "gradient_boosting"}, "GradientBoostingClassifier is neither"),
    ],
)
def test_other_models_have_no_form(
    entry: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A forest with more nodes than are usually allowed takes seconds to grow.
    monkeypatch.setattr("glasshouse_ml.use.sql_export.tree_form.MAX_NODES", 500)
    with pytest.raises(NotExportable, match=message):
        form_of(trained("target", entry))
