"""The templates of the dbt files, and how names and texts are quoted in SQL and YAML."""

import json
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from psycopg2.extensions import cursor as Cursor
from sqlfmt.api import format_string
from sqlfmt.mode import Mode

from scripts.data.names import PLAIN_NAME
from scripts.errors import UserError

# What YAML 1.1 reads as a boolean or as nothing if it stands without quotes.
YAML_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
# The line length of [tool.sqlfmt] in pyproject.toml.
FORMAT = Mode(line_length=100)
KEYWORDS = "select word from pg_get_keywords() where catcode in ('R', 'T', 'C')"


def render(template: str, values: dict[str, Any]) -> str:
    """The text of a template; SQL is formatted as `make format` does."""
    text = _environment().get_template(f"{template}.j2").render(values)
    return format_string(text, FORMAT) if template.endswith(".sql") else text


def sql_keywords(cursor: Cursor) -> frozenset[str]:
    """The words that SQL reserves."""
    cursor.execute(KEYWORDS)
    return frozenset(word for (word,) in cursor.fetchall())


def sql_name(name: str, keywords: frozenset[str]) -> str:
    """A column's name in SQL, quoted where SQL needs that."""
    if PLAIN_NAME(name) and name not in keywords:
        return name
    if "{" in name:
        raise UserError(
            f"The column {name} has a brace in its name, which dbt reads as a template",
            "rename the column, or read it through a view with another name",
        )
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def yaml_text(text: str) -> str:
    """A YAML string; dbt renders descriptions, so braces of a template lose their meaning."""
    return json.dumps(text.replace("{", "(").replace("}", ")"), ensure_ascii=False)


def yaml_name(name: str) -> str:
    """A name in YAML, quoted where YAML would read something else."""
    return name if PLAIN_NAME(name) and name not in YAML_WORDS else yaml_text(name)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("scripts.add"),
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  (the result is SQL and YAML)
    )
    environment.filters |= {"quoted": yaml_text, "quoted_name": yaml_name, "json": json.dumps}
    return environment
