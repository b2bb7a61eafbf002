"""Rules about one dashboard: the shape of its layout and its settings."""

from typing import Any

from scripts.assets.checks.findings import Findings, is_text, mappings_in
from scripts.assets.model.layout import VERSION_KEY
from scripts.assets.model.problems import Rule

_COMPONENTS = (
    "ROOT",
    "GRID",
    "HEADER",
    "ROW",
    "COLUMN",
    "TABS",
    "TAB",
    "CHART",
    "MARKDOWN",
    "DIVIDER",
)


def add_dashboard_problems(findings: Findings, data: dict[str, Any]) -> None:
    """Add the problems of a dashboard's layout and settings."""
    position = data.get("position")
    if not isinstance(position, dict):
        return
    for key, node in position.items():
        if key == VERSION_KEY:
            if node != "v2":
                findings.add(Rule.MALFORMED_LAYOUT, f"position.{key} is {node}", f"write {key}: v2")
            continue
        where = f"position.{key}"
        if not isinstance(node, dict):
            findings.add(
                Rule.MALFORMED_LAYOUT, f"{where} must be a mapping", "write type, meta and children"
            )
            continue
        if node.get("type") not in _COMPONENTS:
            findings.add(
                Rule.MALFORMED_LAYOUT,
                f"{where}: type {node.get('type')} is unknown",
                "write ROW, CHART, TAB, …",
            )
        if not isinstance(node.get("meta", {}), dict):
            findings.add(
                Rule.MALFORMED_LAYOUT, f"{where}.meta must be a mapping", "write name: value lines"
            )
        elif node.get("type") == "CHART" and not is_text(node.get("meta", {}).get("uuid")):
            findings.add(
                Rule.MALFORMED_LAYOUT,
                f"{where}.meta.uuid is missing",
                "write the uuid of the chart it shows",
            )
        children = node.get("children") or []
        if not isinstance(children, list) or not all(isinstance(c, str) for c in children):
            findings.add(
                Rule.MALFORMED_LAYOUT,
                f"{where}.children must be a list of names",
                "write the keys of components",
            )
    metadata = data.get("metadata")
    _settings(findings, metadata if isinstance(metadata, dict) else {})


def _settings(findings: Findings, metadata: dict[str, Any]) -> None:
    for name in ("native_filter_configuration", "chart_customization_config"):
        for number, entry in enumerate(
            mappings_in(findings, f"metadata.{name}", metadata.get(name)), 1
        ):
            where = f"metadata.{name}, entry {number}"
            for target in mappings_in(findings, f"{where}, targets", entry.get("targets")):
                _mapping(findings, f"{where}, column", target.get("column"))
            _scope(findings, where, entry)
    for name in ("chart_configuration", "global_chart_configuration", "expanded_slices"):
        _mapping(findings, f"metadata.{name}", metadata.get(name))
    slices = metadata.get("timed_refresh_immune_slices")
    if not isinstance(slices, list | None):
        findings.add(
            Rule.MALFORMED_SETTING,
            "metadata.timed_refresh_immune_slices must be a list",
            "write charts' uuids",
        )
    _scope(findings, "metadata", _mapping(findings, "", metadata.get("global_chart_configuration")))
    for key, entry in _mapping(findings, "", metadata.get("chart_configuration")).items():
        where = f"metadata.chart_configuration.{key}"
        filters = _mapping(findings, where, entry).get("crossFilters")
        _scope(findings, where, _mapping(findings, f"{where}.crossFilters", filters))


def _scope(findings: Findings, where: str, entry: dict[str, Any]) -> None:
    scope = entry.get("scope")
    if isinstance(scope, dict) and not isinstance(scope.get("excluded"), list | None):
        findings.add(
            Rule.MALFORMED_SETTING,
            f"{where}, scope: excluded must be a list",
            "write charts' uuids",
        )


def _mapping(findings: Findings, where: str, value: Any) -> dict[str, Any]:
    """A mapping; anything else is a problem, reported where `where` is not empty."""
    if isinstance(value, dict):
        return value
    if value is not None and where:
        findings.add(
            Rule.MALFORMED_SETTING, f"{where} must be a mapping", "write name: value lines"
        )
    return {}
