"""`describe`: dbt's descriptions into the datasets, and the dashboards into dbt's exposures.

The source of a description is the model's file in dbt. The source of what readers see in
Superset (a column's label, a metric) is the dataset.
"""

from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection

from scripts.assets.checks.exposures import exposures_text
from scripts.assets.checks.static import valid_bundle
from scripts.assets.files.bundle import FOLDER, write_asset
from scripts.assets.files.dbt_relations import EXPOSURES, Relation, read_relations, relation_of
from scripts.assets.files.descriptions import Types, with_descriptions
from scripts.assets.model.asset import Asset
from scripts.errors import UserError

COLUMNS = """
    select a.attname, format_type(a.atttypid, null) from pg_attribute as a
    where a.attrelid = to_regclass(%s) and a.attnum > 0 and not a.attisdropped
"""


def describe(root: Path, state: Path, warehouse: dict[str, Any] | None) -> list[str]:
    """Write the datasets' descriptions and dbt's exposures; returns the changed files.

    `warehouse`: how to connect to it, for the types of new columns; None: there is none.
    """
    # A chart may refer to a column that describe is about to add.
    bundle = valid_bundle(root, columns=False)
    relations = read_relations(root, state)
    written = []
    for dataset in bundle.kind("datasets"):
        relation = relation_of(dataset, relations)
        if relation is None:
            continue
        types = types_of(relation, warehouse) if _has_untyped_columns(dataset, relation) else None
        new = Asset("datasets", with_descriptions(dataset.data, relation, types), dataset.path)
        if write_asset(root / FOLDER, new):
            written.append(f"{FOLDER}/{new.path}")
    text, file = exposures_text(bundle, relations), root / "dbt" / EXPOSURES
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        draft = file.with_suffix(".new")
        draft.write_text(text, encoding="utf-8")
        draft.replace(file)
        written.append(f"dbt/{EXPOSURES}")
    return written


def types_of(relation: Relation, warehouse: dict[str, Any] | None) -> Types:
    """The types of a table's columns in the running warehouse."""
    connection = _connected(warehouse)
    if connection is None:
        raise UserError(
            f"{relation.title} has new columns whose types only the running warehouse has",
            "make up, then make describe",
        )
    try:
        with connection.cursor() as cursor:
            cursor.execute(COLUMNS, [f'"{relation.schema}"."{relation.name}"'])
            types = dict(cursor.fetchall())
    finally:
        connection.close()
    missing = sorted(relation.columns.keys() - types.keys())
    if missing:
        raise UserError(
            f"{relation.title} in the warehouse has no column {missing[0]}",
            f"make build, or fix {relation.file}",
        )
    return types


def _connected(warehouse: dict[str, Any] | None) -> Connection | None:
    try:
        return psycopg2.connect(**warehouse) if warehouse else None
    except psycopg2.OperationalError:
        return None


def _has_untyped_columns(dataset: Asset, relation: Relation) -> bool:
    """Whether dbt has columns without a type that the dataset does not contain."""
    column_names = {each["column_name"] for each in dataset.data.get("columns") or []}
    return bool(relation.columns.keys() - column_names - relation.types.keys())
