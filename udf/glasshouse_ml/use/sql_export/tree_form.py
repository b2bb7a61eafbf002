"""Trees and boosted trees as nested CASE expressions over columns c0, c1, …

A CASE for each tree is several times slower than ml.predict, but it needs nothing except SQL.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from glasshouse_ml.core.feature import UNSEEN, Feature
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.table import CATEGORY, Column
from glasshouse_ml.data.calendar_parts import calendar_part_sql
from glasshouse_ml.explain.treeshap import BOOSTED, FORESTS, Tree, columns_seen, seen_by, trees_of
from glasshouse_ml.model.calendar_encoder import CalendarEncoder
from glasshouse_ml.use.sql_export.expression import SqlWriter, number_literal
from glasshouse_ml.use.sql_export.linear_form import EXPONENTIAL, IDENTITY, LOGISTIC, SOFTMAX

# Nodes of all trees together. Beyond it, PostgreSQL takes seconds to plan the statement.
MAX_NODES = 20_000
# The link of forests, whose sums are probabilities.
PROBABILITY = "probability"
# Single precision has no smaller number that is exact; PostgreSQL refuses what rounds to 0.
_LEAST_FLOAT4 = "'1.2e-38'::float8"

# How the SQL of a column ends that is 0 or 1.
_FLAG = "::int::float8"


class NotExportable(Exception):
    """The reason, in one line, why a model cannot be written as SQL."""


@dataclass(frozen=True)
class TreeForm:
    """The columns that the nodes compare, the sums of the trees, and the link function."""

    columns: Sequence[str]
    sums: Sequence[str]
    link: str


def tree_form(model: Model, writer: SqlWriter) -> TreeForm:
    """The form of a forest or of boosted trees; NotExportable for other models."""
    estimator = model.pipeline[-1]
    trees = trees_of(estimator)
    if trees is None:
        raise NotExportable(
            f"{type(estimator).__name__} is neither a sum that SQL can compute nor a tree"
        )
    nodes = sum(len(tree.left) for tree in trees)
    if nodes > MAX_NODES:
        raise NotExportable(f"its {len(trees)} trees have {nodes} nodes; {MAX_NODES} are the most")
    is_boosted = isinstance(estimator, BOOSTED)
    prepared = _prepared_columns(model, writer)
    order = columns_seen(estimator, len(prepared))
    columns = [prepared[position] for position in order]
    if not is_boosted:
        # These trees compare in single precision.
        columns = [sql if sql.endswith(_FLAG) else _in_single_precision(sql) for sql in columns]
    outputs = trees[0].values.shape[1]
    if is_boosted:
        starts = np.ravel(estimator._baseline_prediction)
        sums = [
            " + ".join([number_literal(starts[k]), *_trees_sql(trees, k)]) for k in range(outputs)
        ]
    else:
        count = len(estimator.estimators_) if isinstance(estimator, FORESTS) else 1
        sums = [
            f"({' + '.join(_trees_sql(trees, k, 1 / count))}) / {count}" for k in range(outputs)
        ]
    return TreeForm(columns, sums, _link(estimator, model, outputs))


def _in_single_precision(sql: str) -> str:
    return f"case when abs({sql}) < {_LEAST_FLOAT4} then 0 else ({sql})::float4::float8 end"


def _link(estimator: Any, model: Model, outputs: int) -> str:
    if not isinstance(estimator, BOOSTED):
        return PROBABILITY if model.classes else IDENTITY
    if model.classes:
        return LOGISTIC if outputs == 1 else SOFTMAX
    return {"log": EXPONENTIAL, "identity": IDENTITY}[_link_name(estimator)]


def _link_name(estimator: Any) -> str:
    return "log" if estimator.loss in ("poisson", "gamma") else "identity"


def _trees_sql(trees: Sequence[Tree], output: int, weight: float = 1.0) -> Iterator[str]:
    for tree in trees:
        values = tree.values[:, output] / weight
        if values.any():
            yield _node_sql(tree, 0, values)


def _node_sql(tree: Tree, node: int, values: np.ndarray) -> str:
    if tree.left[node] < 0:
        return number_literal(values[node])
    left, right = (_node_sql(tree, int(child[node]), values) for child in (tree.left, tree.right))
    return f"case when {_condition(tree, node)} then {left} else {right} end"


def _condition(tree: Tree, node: int) -> str:
    """Whether a row goes left; where it is NULL, CASE goes right."""
    column, missing_left = f"c{tree.column[node]}", bool(tree.missing_left[node])
    if node in tree.categories_left:
        is_left = f"{column} in ({_codes(tree.categories_left[node])})"
        if missing_left:
            known_codes = _codes(tree.categories_known[node])
            return f"{is_left} or {column} is null or {column} not in ({known_codes})"
        return is_left
    if np.isinf(tree.threshold[node]):
        # The node tells missing values from all others.
        return "true" if missing_left else f"{column} is not null"
    is_left = f"{column} <= {number_literal(tree.threshold[node])}"
    return f"{is_left} or {column} is null" if missing_left else is_left


def _codes(codes: np.ndarray) -> str:
    return ", ".join(str(int(code)) for code in codes) or "null"


def _prepared_columns(model: Model, writer: SqlWriter) -> list[str]:
    """The SQL of each column that reaches the estimator; NULL is a missing value."""
    steps = [step for _, step in model.pipeline.steps[:-1]]
    if not steps:
        transformers: list[Any] = [("all", "passthrough", list(range(len(model.features))))]
    elif len(steps) == 1 and isinstance(steps[0], ColumnTransformer):
        transformers = steps[0].transformers_
    else:
        raise NotExportable("options have wrapped its model")
    return [
        sql
        for _, transformer, columns in transformers
        if len(columns)
        for sql in _transformed(model, writer, transformer, list(columns))
    ]


def _transformed(
    model: Model, writer: SqlWriter, transformer: Any, columns: list[int]
) -> list[str]:
    if transformer == "passthrough" or isinstance(transformer, FunctionTransformer):
        return [_feature_sql(model, writer, position) for position in columns]
    if isinstance(transformer, OneHotEncoder):
        return [
            sql
            for position, codes in zip(columns, transformer.categories_, strict=True)
            for sql in _one_hot(model.features[position], writer.columns[position], writer, codes)
        ]
    if isinstance(transformer, CalendarEncoder):
        column = writer.columns[columns[0]]
        value = column.value(writer.identifier)
        return [
            f"({calendar_part_sql(part, value, column.base_type)})::float8"
            for part in transformer.parts
        ]
    if isinstance(transformer, Pipeline):
        first, *others = (step for _, step in transformer.steps)
        result = _transformed(model, writer, first, columns)
        for step in others:
            result = _imputed(step, result)
        return result
    names = ", ".join(repr(model.features[position].name) for position in columns)
    raise NotExportable(f"SQL cannot prepare {names} as {type(transformer).__name__} does")


def _imputed(step: Any, columns: list[str]) -> list[str]:
    if not isinstance(step, SimpleImputer):
        raise NotExportable(f"SQL cannot prepare a column as {type(step).__name__} does")
    filled = [
        f"coalesce({sql}, {number_literal(value)})"
        for sql, value in zip(columns, step.statistics_, strict=True)
    ]
    missing = step.indicator_.features_ if step.indicator_ is not None else ()
    return filled + [f"({columns[position]} is null){_FLAG}" for position in missing]


def _feature_sql(model: Model, writer: SqlWriter, position: int) -> str:
    feature, column = model.features[position], writer.columns[position]
    if feature.kind != CATEGORY:
        number = writer.number(column)
        return number if column.base_type == "bool" else f"nullif({number}, 'NaN')"
    # The code as the estimator compares it, which may have codes of its own.
    codes = [*feature.codes().values(), feature.other]
    probe = np.full((len(codes), len(model.features)), np.nan)
    probe[:, position] = codes
    estimator = model.pipeline[-1]
    prepared = probe if len(model.pipeline) == 1 else model.pipeline[:-1].transform(probe)
    inputs = seen_by(estimator, prepared)
    sources = columns_seen(estimator, inputs.shape[1])
    place = int(np.flatnonzero(sources == _prepared_position(model, position))[0])
    *values, other = (None if np.isnan(v) else int(v) for v in inputs[:, place])
    cases = " ".join(
        f"when {writer.quote_literal(name)} then {value}"
        for name, value in zip(feature.categories, values, strict=True)
        if value is not None
    )
    text = f'{column.value(writer.identifier)}::text collate "C"'
    rest = "null" if other is None else f"case when {text} is not null then {other} end"
    return f"case {text} {cases} else {rest} end" if cases else rest


def _prepared_position(model: Model, position: int) -> int:
    """The prepared column of a feature that is passed on unchanged."""
    if len(model.pipeline) == 1:
        return position
    start = 0
    for name, _, columns in model.pipeline[0].transformers_:
        if position in columns:
            return start + list(columns).index(position)
        output = model.pipeline[0].output_indices_[name]
        start = output.stop
    raise NotExportable("a column is left out")


def _one_hot(
    feature: Feature, column: Column, writer: SqlWriter, codes: Sequence[float]
) -> Iterator[str]:
    text = f'{column.value(writer.identifier)}::text collate "C"'
    names = [writer.quote_literal(name) for name in feature.categories]
    for code in codes:
        if np.isnan(code):
            yield f"({text} is null){_FLAG}"
        elif code == UNSEEN or int(code) >= len(names):
            yield f"coalesce({text} not in ({', '.join(names)}), false){_FLAG}"
        else:
            yield f"coalesce({text} = {names[int(code)]}, false){_FLAG}"
