"""docs/reference.md: the SQL functions and registry tables, in the texts that \\df+ and \\d+ show.

The functions' texts are in udf/functions/*.yml, the tables' in udf/registry/*.sql.
"""

import re
from pathlib import Path
from typing import Any

import click
import yaml

from scripts.settings import ROOT
from scripts.stack.registry import registry_script

PAGE = Path("docs", "reference.md")
HEAD = """\
# Reference: schema ml

`make reference` writes this page from `udf/functions` and `udf/registry`; change the texts there.
In the database, `select * from ml.help()` shows the same descriptions.

## Functions
"""
TABLES = """
## Registry

One row is one fact. The columns `model` and `version` identify a version.
"""
TABLE = re.compile(r"^create table (?:if not exists )?ml\.(\w+)", re.M)
COMMENT = re.compile(
    r"""^comment on (table|column) ml\.(\w+)(?:\."?(\w+)"?)? is '((?:[^']|'')*)';""", re.M
)


@click.command()
def reference() -> None:
    """Write docs/reference.md from the descriptions of the functions and tables."""
    (ROOT / PAGE).write_text(page(ROOT), encoding="utf-8")


def page(root: Path) -> str:
    """The whole page as Markdown."""
    files = sorted((root / "udf" / "functions").glob("*.yml"))
    functions = [f for file in files for f in yaml.safe_load(file.read_text())["functions"]]
    script = registry_script(root)
    return HEAD + "".join(map(_function, functions)) + TABLES + "".join(_tables(script))


def _function(function: dict[str, Any]) -> str:
    arguments = function.get("arguments", [])
    signature = ",\n         ".join(_argument(argument) for argument in arguments)
    lines = [f"\n### ml.{function['name']}\n", _text(function["description"]), "", "```sql"]
    lines += [f"ml.{function['name']}({signature})", f"returns {function['returns']['data_type']}"]
    example = function.get("config", {}).get("meta", {}).get("example")
    lines += [f"\n-- for example\n{_text(example)};" if example else "", "```", ""]
    if arguments:
        lines += ["| argument | |", "| --- | --- |"]
        lines += [f"| `{a['name']}` | {_cell(a['description'])} |" for a in arguments]
        lines += [""]
    return "\n".join([*lines, f"Returns: {_text(function['returns']['description'])}.", ""])


def _argument(argument: dict[str, Any]) -> str:
    default = argument.get("default_value")
    ending = "" if default is None else f" default {default}"
    return f"{argument['name']} {argument['data_type']}{ending}"


def _tables(script: str) -> list[str]:
    """A section for each table; a later comment on a table or column replaces an earlier one."""
    tables: dict[str, str] = {}
    columns: dict[str, dict[str, str]] = {}
    for kind, table, column, comment in COMMENT.findall(script):
        text = _cell(comment.replace("''", "'"))
        if kind == "table":
            tables[table] = text
        else:
            columns.setdefault(table, {})[column] = text
    return [
        f"\n### ml.{table}\n\n{description}.\n\n| column | |\n| --- | --- |\n"
        + "".join(f"| `{name}` | {text} |\n" for name, text in columns.get(table, {}).items())
        for table, description in ((table, tables[table]) for table in TABLE.findall(script))
    ]


def _text(description: str) -> str:
    return " ".join(description.split())


def _cell(description: str) -> str:
    return _text(description).replace("|", "\\|")
