"""Rules between the dashboards and dbt: the tables are there, and the words are dbt's."""

from pathlib import Path

from scripts.assets.checks.exposures import exposures_text, tables_of
from scripts.assets.files.dbt_relations import EXPOSURES, Relation, Relations, relation_of
from scripts.assets.files.descriptions import described
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.problems import Problem, Rule

# What Superset's role may read (scripts/stack/provision.sql).
OPEN = ("marts", "predictions", "reports")
DESCRIBE = "make describe"


def agreement_problems(bundle: Bundle, relations: Relations, root: Path) -> list[Problem]:
    """Tables and columns that dbt does not know, and words that are no longer dbt's."""
    found = []
    for dataset in bundle.kind("datasets"):
        tables = sorted(tables_of(dataset))
        found += [problem for table in tables for problem in _table(dataset, table, relations)]
        relation = relation_of(dataset, relations)
        if relation is not None:
            found += _columns(dataset, relation)
    if found:
        return found
    exposures = root / "dbt" / EXPOSURES
    if not exposures.exists() or exposures.read_text("utf-8") != exposures_text(bundle, relations):
        # The file is found from the folder of the assets, as every file of a finding.
        file = Path("..", "dbt", EXPOSURES).as_posix()
        what = "does not say what the dashboards read now"
        found.append(Problem(file, what, DESCRIBE, Rule.STALE_EXPOSURES))
    return found


def _table(dataset: Asset, table: tuple[str, str], relations: Relations) -> list[Problem]:
    schema, name = table
    if schema not in OPEN:
        what = f"reads {schema}.{name}, and Superset may not read the schema {schema}"
        do = f"build the table in {', '.join(OPEN[:-1])} or {OPEN[-1]}"
        return [Problem(dataset.path, what, do, Rule.CLOSED_SCHEMA)]
    if table not in relations:
        what = f"reads {schema}.{name}, which dbt does not make"
        do = "add the model below dbt/models/, or mend schema and table_name"
        return [Problem(dataset.path, what, do, Rule.NOT_IN_DBT)]
    return []


def _columns(dataset: Asset, relation: Relation) -> list[Problem]:
    physical = [each for each in dataset.data.get("columns") or [] if not each.get("expression")]
    found = [
        Problem(
            dataset.path,
            f"the column {each['column_name']} is not among those of {relation.title} in dbt",
            f"describe it in {relation.file}, or remove it here",
            Rule.NOT_IN_DBT,
        )
        for each in physical
        if each["column_name"] not in relation.columns
    ]
    if not found and described(dataset.data, relation) != dataset.data:
        what = f"does not say what {relation.file} says of {relation.title}"
        do = f"{DESCRIBE} takes dbt's words; write new ones there"
        found.append(Problem(dataset.path, what, do, Rule.STALE_DESCRIPTION))
    return found
