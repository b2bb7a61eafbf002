"""The SELECT around the expressions: the key, and the columns of ml.predict."""

from collections.abc import Sequence

from glasshouse_ml.core.model import Model
from glasshouse_ml.use.sql_export.expression import MAX_PAIRS, SqlWriter, number_literal
from glasshouse_ml.use.sql_export.linear_form import EXPONENTIAL, LOGISTIC, SOFTMAX, LinearForm
from glasshouse_ml.use.sql_export.tree_form import PROBABILITY, TreeForm

# exp() refuses what does not fit a float8; a probability is 0 or 1 long before that.
_MAX_EXPONENT = 700
_OVERFLOW = "'709.782712893384'::float8"


def select_statement(
    model: Model,
    form: LinearForm,
    writer: SqlWriter,
    query: str,
    key: str | None,
    all_rows: bool = False,
) -> str:
    """The SELECT that predicts the rows of a query; `key` is the quoted name of the key column.

    With all_rows a sum is computed once for all columns, in a step of its own. PostgreSQL then
    reads every row even where a condition names one key.
    """
    totals = [writer.total(each) for each in form.sums]
    source, columns = f"(\n{query}\n) as rows", [f"rows.{key}"] if key else []
    if all_rows and len(totals) == 1:
        # "offset 0" as in _probability_query().
        inner = [f"rows.{key} as row_key"] if key else []
        step = ", ".join([*inner, f"{totals[0]} as total"])
        source = f"(\nselect {step}\nfrom {source} offset 0\n) as step"
        totals, columns = ["step.total"], [f"step.row_key as {key}"] if key else []
    names = [writer.quote_literal(name) for name in model.classes]
    from_clause = ""
    if not names:
        outputs = _number_outputs(form.link, totals[0])
    elif len(totals) == 1:
        positive = list(model.classes).index(str(model.positive_class))
        outputs = _two_class_outputs(names, positive, model.threshold, *totals)
    else:
        outputs = _class_outputs(names)
        from_clause = f"\ncross join lateral ({_probability_query(form.link, totals)}) as answer"
    return f"select {', '.join([*columns, *outputs])}\nfrom {source}{from_clause}"


def tree_statement(
    model: Model, form: TreeForm, writer: SqlWriter, query: str, key: str | None
) -> str:
    """The SELECT of trees, in steps: the columns, the sums of the trees, the outputs."""
    names = [writer.quote_literal(name) for name in model.classes]
    keys = [f"rows.{key} as row_key"] if key else []
    columns = [f"{sql} as c{position}" for position, sql in enumerate(form.columns)]
    subquery = f"select {', '.join([*keys, *columns])}\nfrom (\n{query}\n) as rows offset 0"
    keys = ["seen.row_key"] if key else []
    sums = [f"{sql} as t{position}" for position, sql in enumerate(form.sums)]
    summed = f"select {', '.join([*keys, *sums])}\nfrom ({subquery}) as seen offset 0"
    totals = [f"summed.t{position}" for position in range(len(sums))]
    from_clause = ""
    if not names:
        outputs = _number_outputs(form.link, totals[0])
    elif form.link == LOGISTIC:
        positive = list(model.classes).index(str(model.positive_class))
        outputs = _two_class_outputs(names, positive, model.threshold, *totals)
    elif form.link == PROBABILITY:
        outputs = _probability_outputs(model, names, totals)
    else:
        outputs = _class_outputs(names)
        from_clause = f"\ncross join lateral ({_probability_query(form.link, totals)}) as answer"
    keys = [f"summed.row_key as {key}"] if key else []
    return f"select {', '.join([*keys, *outputs])}\nfrom ({summed}) as summed{from_clause}"


def _probability_outputs(model: Model, names: list[str], totals: list[str]) -> list[str]:
    """The outputs where the sums are the probabilities of the classes."""
    highest = f"greatest({', '.join(totals)})"
    cases = " ".join(f"when {total} then {name}" for total, name in zip(totals, names, strict=True))
    chosen, score = f"case {highest} {cases} end", highest
    if model.positive_class is not None:
        positive = list(model.classes).index(model.positive_class)
        score = totals[positive]
        if model.threshold != 0.5:
            chosen = (
                f"case when {score} >= {number_literal(model.threshold)} then {names[positive]} "
                f"else {names[1 - positive]} end"
            )
    return [
        f"{chosen} as prediction",
        f"{score} as score",
        f"{_json(names, totals)} as probabilities",
    ]


def _number_outputs(link: str, total: str) -> list[str]:
    score = total
    if link == EXPONENTIAL:
        score = (
            f"case when ({total}) > {_OVERFLOW} then 'Infinity' "
            f"else exp(greatest({total}, -{_MAX_EXPONENT})) end"
        )
    return [
        f"({score})::text as prediction",
        f"{score} as score",
        "null::jsonb as probabilities",
    ]


def _two_class_outputs(
    names: Sequence[str], positive: int, threshold: float, total: str
) -> list[str]:
    """The expressions of the columns; the sum, where it is no column, stands in each of them."""
    probability = _logistic(total)
    probabilities = [f"1 - {probability}", probability]
    # As metrics.decide() does: at 0.5 the more probable class.
    chosen, alternative = (1, 0) if threshold == 0.5 else (positive, 1 - positive)
    is_chosen = (
        f"{total} > 0"
        if threshold == 0.5
        else f"{probabilities[positive]} >= {number_literal(threshold)}"
    )
    return [
        f"case when {is_chosen} then {names[chosen]} else {names[alternative]} end as prediction",
        f"{probabilities[positive]} as score",
        f"{_json(names, probabilities)} as probabilities",
    ]


def _class_outputs(names: Sequence[str]) -> list[str]:
    probabilities = [f"answer.p{position}" for position in range(len(names))]
    highest = f"greatest({', '.join(probabilities)})"
    cases = [
        f"when {probability} then {name}"
        for probability, name in zip(probabilities, names, strict=True)
    ]
    return [
        f"case {highest} {' '.join(cases)} end as prediction",
        f"{highest} as score",
        f"{_json(names, probabilities)} as probabilities",
    ]


def _probability_query(link: str, totals: Sequence[str]) -> str:
    """A query that gives a probability p0, p1, … for each class, made in steps."""
    positions = range(len(totals))
    steps = [[f"{total} as t{position}" for position, total in zip(positions, totals, strict=True)]]
    if link == SOFTMAX:
        steps.append(
            [f"greatest({', '.join(f'step.t{position}' for position in positions)}) as top"]
        )
        weights = [
            f"exp(greatest(step.t{position} - step.top, -{_MAX_EXPONENT}))"
            for position in positions
        ]
    else:
        weights = [_logistic(f"step.t{position}") for position in positions]
    steps.append(
        [f"{share} as s{position}" for position, share in zip(positions, weights, strict=True)]
    )
    steps.append([" + ".join(f"step.s{position}" for position in positions) + " as whole"])
    steps.append([f"step.s{position} / step.whole as p{position}" for position in positions])
    text = ""
    for step in steps:
        # Without "offset 0" Postgres would put the text of a step into each place that uses it, and
        # compute it as often.
        columns = f"step.*, {', '.join(step)} from ({text}) as step" if text else ", ".join(step)
        text = f"select {columns} offset 0"
    return text


def _logistic(total: str) -> str:
    return f"1 / (1 + exp(-least(greatest({total}, -{_MAX_EXPONENT}), {_MAX_EXPONENT})))"


def _json(names: Sequence[str], probabilities: Sequence[str]) -> str:
    pairs = [
        f"{name}, {probability}" for name, probability in zip(names, probabilities, strict=True)
    ]
    parts = [pairs[start : start + MAX_PAIRS] for start in range(0, len(pairs), MAX_PAIRS)]
    return " || ".join(f"jsonb_build_object({', '.join(part)})" for part in parts)
