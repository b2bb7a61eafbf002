"""A dataset in dbt's words: its description, its columns, and theirs."""

from typing import Any

from scripts.assets.files.dbt_relations import Relation
from scripts.assets.model.normalise import canonical

Types = dict[str, str]
# As SQLAlchemy, and so Superset, writes a name of PostgreSQL's; the others it writes large.
SHORT = {"character varying": "VARCHAR", "character": "CHAR"}


def with_descriptions(data: dict[str, Any], relation: Relation, types: Types | None = None) -> dict:
    """A dataset with dbt's words and columns; `types` of columns it does not know yet."""
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
    """What to call a column until somebody chooses better words."""
    return name.replace("_", " ").strip().capitalize()
