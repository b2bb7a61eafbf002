"""A dataset with dbt's columns and descriptions."""

from typing import Any

from scripts.assets.files.dbt_relations import Relation
from scripts.assets.model.normalise import canonical

Types = dict[str, str]
# SQLAlchemy's, and so Superset's, names of PostgreSQL types; other types are upper-cased.
SHORT = {"character varying": "VARCHAR", "character": "CHAR"}


def with_descriptions(data: dict[str, Any], relation: Relation, types: Types | None = None) -> dict:
    """A dataset with dbt's columns and descriptions; `types`: SQL types of new columns."""
    columns = {each["column_name"]: each for each in data.get("columns") or []}
    for name, description in relation.columns.items():
        new = {"verbose_name": relation.labels.get(name, _default_label(name))} | _type_fields(
            (types or relation.types).get(name, "")
        )
        columns[name] = columns.get(name, {"column_name": name} | new) | {
            "description": description
        }
    new_data = data | {"description": relation.description, "columns": list(columns.values())}
    return canonical("datasets", new_data)


def _type_fields(kind: str) -> dict[str, Any]:
    if not kind:
        return {}
    kind = SHORT.get(kind.lower(), kind.upper())
    return {"type": kind, "is_dttm": kind.startswith(("DATE", "TIMESTAMP"))}


def _default_label(name: str) -> str:
    """The default label of a column."""
    return name.replace("_", " ").strip().capitalize()
