"""The tables of dbt's project: their columns, descriptions, labels, types and owners.

dbt parses its project once for each state of the files (some seconds). The result is cached in
`.stack/`.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scripts.assets.model.asset import Asset
from scripts.dbt_nodes import node_names
from scripts.errors import UserError
from scripts.fingerprint import fingerprint

# `make describe` writes this file from the parsed project, so an old one must not be parsed.
EXPOSURES = Path("models", "exposures.yml")
RESOURCES = ("model", "seed", "snapshot")


@dataclass(frozen=True)
class Relation:
    """A table or view that dbt builds."""

    schema: str
    name: str
    node: str  # its name in ref()
    file: str  # the file of its description, relative to the project
    description: str
    columns: dict[str, str]  # description by name
    labels: dict[str, str]  # labels of columns that have one in dbt (meta: label)
    types: dict[str, str]  # SQL types of columns that have one in dbt (data_type)
    owners: list[str]  # owners (meta: owner) of it, or of the nodes it is built from

    @property
    def title(self) -> str:
        """Schema and name."""
        return f"{self.schema}.{self.name}"


Relations = dict[tuple[str, str], Relation]


def read_relations(root: Path, state: Path) -> Relations:
    """The tables by (schema, name); a UserError where dbt cannot read its project."""
    current_fingerprint = fingerprint(root / "dbt", root / "udf" / "functions")
    cache_file = state / "dbt" / "relations.json"
    try:
        cached = json.loads(cache_file.read_text(encoding="utf-8"))
        if cached["of"] == current_fingerprint:
            return _by_name([Relation(**each) for each in cached["relations"]])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # no cache yet, or a cache of another version
    manifest = _manifest_of_build(state, current_fingerprint)
    relations = relations_of(manifest or _parse(root, state / "dbt" / "parse"))
    content = {"of": current_fingerprint, "relations": [asdict(each) for each in relations]}
    draft = cache_file.with_suffix(".new")
    draft.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    draft.replace(cache_file)
    return _by_name(relations)


def relation_of(dataset: Asset, relations: Relations) -> Relation | None:
    """The table of a physical dataset; None for a virtual one."""
    if dataset.data.get("sql"):
        return None
    return relations.get((dataset.data.get("schema") or "", dataset.title))


def relations_of(manifest: dict[str, Any]) -> list[Relation]:
    """The tables in dbt's manifest."""
    return [
        Relation(
            schema=node["schema"],
            name=node["alias"],
            node=node["name"],
            file="dbt/" + str(node["patch_path"] or node["original_file_path"]).split("://")[-1],
            description=_one_line(node["description"]),
            columns={name: _one_line(c["description"]) for name, c in node["columns"].items()},
            labels=_column_attribute(node, lambda column: column["meta"].get("label")),
            types=_column_attribute(node, lambda column: column.get("data_type")),
            owners=sorted(_owners(key, manifest["nodes"])),
        )
        for key, node in manifest["nodes"].items()
        if node["resource_type"] in RESOURCES
    ]


def _by_name(relations: list[Relation]) -> Relations:
    return {(each.schema, each.name): each for each in relations}


def _column_attribute(node: dict[str, Any], attribute) -> dict[str, str]:
    return {name: str(attribute(c)) for name, c in node["columns"].items() if attribute(c)}


def _owners(key: str, nodes: dict[str, Any]) -> set[str]:
    """The owners of the trained models it depends on, else of all nodes it depends on."""
    return _owners_of(key, nodes, trained=True) or _owners_of(key, nodes, trained=False)


def _owners_of(key: str, nodes: dict[str, Any], trained: bool) -> set[str]:
    node = nodes.get(key)
    if node is None:
        return set()
    owner = node["config"]["meta"].get("owner")
    if owner and (node["config"].get("materialized") == "ml_model" or not trained):
        return {str(owner)}
    parents = node["depends_on"].get("nodes", [])
    return {name for parent in parents for name in _owners_of(parent, nodes, trained)}


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _manifest_of_build(state: Path, files_hash: str) -> dict[str, Any] | None:
    """The manifest that the last build parsed, if it was made from the present files."""
    folder = state / "dbt" / "manifest"
    try:
        if (folder / "fingerprint").read_text() == files_hash:
            return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        pass
    return None


def _parse(root: Path, folder: Path) -> dict[str, Any]:
    """dbt's manifest, of a copy of the project without the exposures; needs no database."""
    copy = folder / "project"
    shutil.rmtree(copy, ignore_errors=True)
    ignored = shutil.ignore_patterns("target", "logs", "__pycache__")
    shutil.copytree(root / "dbt", copy / "dbt", ignore=ignored)
    shutil.copytree(root / "udf" / "functions", copy / "udf" / "functions", ignore=ignored)
    (copy / "dbt" / EXPOSURES).unlink(missing_ok=True)
    program = Path(sys.executable).with_name("dbt")
    completed = subprocess.run(
        [
            str(program), "parse", f"--project-dir={copy / 'dbt'}",
            f"--profiles-dir={copy / 'dbt'}", f"--target-path={folder / 'target'}",
            f"--log-path={folder / 'target'}", "--no-use-colors",
        ],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=root,
        env={
            **os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "POSTGRES_PORT": "1",
            "TRANSFORMER_PASSWORD": "unused", "POSTGRES_PASSWORD": "unused", **node_names(root),
        },
    )  # fmt: skip
    if completed.returncode:
        error_lines = [
            line for line in (completed.stdout + completed.stderr).splitlines() if "Error" in line
        ]
        reason = (error_lines or ["no reason given"])[0].partition("  ")[2].strip() or error_lines
        raise UserError(f"dbt cannot read its project: {reason}", "fix the file it names")
    return json.loads((folder / "target" / "manifest.json").read_text(encoding="utf-8"))
