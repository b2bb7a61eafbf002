"""ml.help: the comments of the functions in the catalogue of Postgres, and the table of checks."""

# The examples are text for a person and are never run.
# ruff: noqa: S608

from glasshouse_ml.checks.table import CHECKS, Entry
from glasshouse_ml.core.errors import GlasshouseError, near_names
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.packing import SCHEMA

# What the comment of a function for the engine's own use begins with, see registry/.
_INTERNAL = "Internal:"
# What the last part of a comment begins with, see dbt's macro function_comment.
_EXAMPLE = "\n\nExample: "

_FUNCTIONS = """
select
    proname::text as name,
    format('%I.%I(%s)', nspname, proname, pg_get_function_arguments(procedures.oid)) as call,
    obj_description(procedures.oid, 'pg_proc') as comment
from pg_catalog.pg_proc as procedures
join pg_catalog.pg_namespace as schemas on schemas.oid = pronamespace
where nspname = $1 and obj_description(procedures.oid, 'pg_proc') is not null
order by proname
"""

Topic = tuple[str, str, str, str | None]

_CHECKS_TOPIC: Topic = (
    "checks",
    f"{SCHEMA}.checks",
    "A table with the outcome of every check of a training: issue, tip, passed or not_applicable. "
    "This topic explains each code.",
    f"select topic, call, about from {SCHEMA}.help('checks')",
)


def help_rows(db: Database, topic: str | None) -> list[Topic]:
    """Topic, call, about and example: a line for every function, or all about one.

    The topic checks has a line for each check, with its title as the call.
    """
    functions = db.call(_FUNCTIONS, ("text",), (SCHEMA,))
    topics = {
        row["name"]: (row["name"], row["call"], *_parts(row["comment"]))
        for row in functions
        if not row["comment"].startswith(_INTERNAL)
    }
    if topic is None:
        lines = sorted([*topics.values(), _CHECKS_TOPIC])
        return [(name, call, _first(about), example) for name, call, about, example in lines]
    checks = {entry.code: _check(entry) for entry in CHECKS}
    # However it is written: ML.Train(), train, ml.train.
    name = topic.strip().lower().removeprefix(f"{SCHEMA}.").partition("(")[0].strip()
    if name == "checks":
        return list(checks.values())
    topics |= checks
    if name not in topics:
        raise GlasshouseError(f"There is no help on {topic!r}.", near_names(name, topics))
    return [topics[name]]


def _check(entry: Entry) -> Topic:
    about = f"{entry.meaning} Severity: {entry.severity}. Remedy: {entry.remedy}"
    example = f"select * from {SCHEMA}.checks where code = '{entry.code}'"
    return (entry.code, entry.title, about, example)


def _parts(comment: str) -> tuple[str, str | None]:
    about, _, example = comment.partition(_EXAMPLE)
    return about, example or None


def _first(about: str) -> str:
    """The first sentence."""
    sentence, stop, _ = about.partition("\n")[0].partition(". ")
    return sentence + "." if stop else sentence
