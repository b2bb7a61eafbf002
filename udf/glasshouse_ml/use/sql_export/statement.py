"""The SELECT around the expressions: the key, and the columns ml.predict gives."""

from collections.abc import Sequence

from glasshouse_ml.core.model import Model
from glasshouse_ml.use.sql_export.expression import MOST_PAIRS, Writer, number
from glasshouse_ml.use.sql_export.form import EXPONENTIAL, SOFTMAX, Form

# exp() refuses what does not fit a float8; a probability is 0 or 1 long before that.
_FARTHEST = 700
_OVERFLOW = "'709.782712893384'::float8"


def statement(model: Model, form: Form, writer: Writer, query: str, key: str | None) -> str:
    """The SELECT that answers for the rows of a query; key: the quoted name of that column."""
    totals = [writer.total(each) for each in form.sums]
    names = [writer.text(name) for name in model.classes]
    aside = ""
    if not names:
        answers = _number(form.link, totals[0])
    elif len(totals) == 1:
        positive = list(model.classes).index(str(model.positive_class))
        answers = _two_classes(names, positive, model.threshold, *totals)
    else:
        answers = _classes(names)
        aside = f"\ncross join lateral ({_chances(form.link, totals)}) as answer"
    columns = [f"rows.{key}"] if key else []
    return f"select {', '.join([*columns, *answers])}\nfrom (\n{query}\n) as rows{aside}"


def _number(link: str, total: str) -> list[str]:
    score = total
    if link == EXPONENTIAL:
        score = (
            f"case when ({total}) > {_OVERFLOW} then 'Infinity' "
            f"else exp(greatest({total}, -{_FARTHEST})) end"
        )
    return [
        f"({score})::text as prediction",
        f"{score} as score",
        "null::jsonb as probabilities",
    ]


def _two_classes(names: Sequence[str], positive: int, threshold: float, total: str) -> list[str]:
    """The sum stands in each column again: who wants only the score pays for one of them.

    Computing it once in a step of its own costs more than it saves, and keeps Postgres from using
    several processes.
    """
    chance = _logistic(total)
    chances = [f"1 - {chance}", chance]
    # As metrics.decide() does: at 0.5 the more probable class.
    chosen, other = (1, 0) if threshold == 0.5 else (positive, 1 - positive)
    wins = f"{total} > 0" if threshold == 0.5 else f"{chances[positive]} >= {number(threshold)}"
    return [
        f"case when {wins} then {names[chosen]} else {names[other]} end as prediction",
        f"{chances[positive]} as score",
        f"{_json(names, chances)} as probabilities",
    ]


def _classes(names: Sequence[str]) -> list[str]:
    chances = [f"answer.p{place}" for place in range(len(names))]
    highest = f"greatest({', '.join(chances)})"
    cases = [f"when {chance} then {name}" for chance, name in zip(chances, names, strict=True)]
    return [
        f"case {highest} {' '.join(cases)} end as prediction",
        f"{highest} as score",
        f"{_json(names, chances)} as probabilities",
    ]


def _chances(link: str, totals: Sequence[str]) -> str:
    """A query that gives a probability p0, p1, … for each class, made in steps."""
    places = range(len(totals))
    steps = [[f"{total} as t{place}" for place, total in zip(places, totals, strict=True)]]
    if link == SOFTMAX:
        steps.append([f"greatest({', '.join(f'step.t{place}' for place in places)}) as top"])
        shares = [f"exp(greatest(step.t{place} - step.top, -{_FARTHEST}))" for place in places]
    else:
        shares = [_logistic(f"step.t{place}") for place in places]
    steps.append([f"{share} as s{place}" for place, share in zip(places, shares, strict=True)])
    steps.append([" + ".join(f"step.s{place}" for place in places) + " as whole"])
    steps.append([f"step.s{place} / step.whole as p{place}" for place in places])
    text = ""
    for step in steps:
        # Without "offset 0" Postgres would put the text of a step into each place that uses it, and
        # compute it as often.
        columns = f"step.*, {', '.join(step)} from ({text}) as step" if text else ", ".join(step)
        text = f"select {columns} offset 0"
    return text


def _logistic(total: str) -> str:
    return f"1 / (1 + exp(-least(greatest({total}, -{_FARTHEST}), {_FARTHEST})))"


def _json(names: Sequence[str], chances: Sequence[str]) -> str:
    pairs = [f"{name}, {chance}" for name, chance in zip(names, chances, strict=True)]
    parts = [pairs[start : start + MOST_PAIRS] for start in range(0, len(pairs), MOST_PAIRS)]
    return " || ".join(f"jsonb_build_object({', '.join(part)})" for part in parts)
