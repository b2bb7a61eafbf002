"""Rules between the dashboards and dbt: tables and columns exist, descriptions are those of dbt."""

from pathlib import Path

from scripts.assets.checks.exposures import exposures_text
from scripts.assets.files.dbt_relations import EXPOSURES, Relation, Relations, relation_of
from scripts.assets.files.descriptions import with_descriptions
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.problems import Problem, Rule
from scripts.assets.model.tables import tables_of

# The schemas that Superset's logins may read (scripts/stack/readers.sql).
READABLE_SCHEMAS = ("marts", "predictions", "reports")
DESCRIBE = "make describe"


def dbt_problems(bundle: Bundle, relations: Relations, root: Path) -> list[Problem]:
    """Tables and columns that dbt does not have, and descriptions that differ from dbt's."""
    problems = []
    for dataset in bundle.kind("datasets"):
        tables = sorted(tables_of(dataset))
        problems += [
            problem for table in tables for problem in _table_problems(dataset, table, relations)
        ]
        relation = relation_of(dataset, relations)
        if relation is not None:
            problems += _column_problems(dataset, relation)
    if problems:
        return problems
    exposures = root / "dbt" / EXPOSURES
    if not exposures.exists() or exposures.read_text("utf-8") != exposures_text(bundle, relations):
        # The path is relative to the folder of the assets, as in every problem.
        file = Path("..", "dbt", EXPOSURES).as_posix()
        message = "is out of date: the dashboards read other tables"
        problems.append(Problem(file, message, DESCRIBE, Rule.STALE_EXPOSURES))
    return problems


def _table_problems(dataset: Asset, table: tuple[str, str], relations: Relations) -> list[Problem]:
    schema, name = table
    if schema not in READABLE_SCHEMAS:
        message = f"reads {schema}.{name}, and Superset may not read the schema {schema}"
        remedy = f"build the table in {', '.join(READABLE_SCHEMAS[:-1])} or {READABLE_SCHEMAS[-1]}"
        return [Problem(dataset.path, message, remedy, Rule.CLOSED_SCHEMA)]
    if table not in relations:
        message = f"reads {schema}.{name}, which dbt does not build"
        remedy = "add the model below dbt/models/, or fix schema and table_name"
        return [Problem(dataset.path, message, remedy, Rule.NOT_IN_DBT)]
    return []


def _column_problems(dataset: Asset, relation: Relation) -> list[Problem]:
    physical = [each for each in dataset.data.get("columns") or [] if not each.get("expression")]
    problems = [
        Problem(
            dataset.path,
            f"the column {each['column_name']} is not among those of {relation.title} in dbt",
            f"describe it in {relation.file}, or remove it here",
            Rule.NOT_IN_DBT,
        )
        for each in physical
        if each["column_name"] not in relation.columns
    ]
    if not problems and with_descriptions(dataset.data, relation) != dataset.data:
        message = f"differs from the description of {relation.title} in {relation.file}"
        remedy = f"{DESCRIBE} copies dbt's description; edit it there"
        problems.append(Problem(dataset.path, message, remedy, Rule.STALE_DESCRIPTION))
    return problems
