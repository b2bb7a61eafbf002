"""The settings of a dashboard, in the form of git and in the form of Superset.

Superset refers to charts by ids that each server assigns; git refers to them by uuid.
"""

import re
from typing import Any

from scripts.assets.model.layout import ROOT, chart_numbers

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LEFT_OUT = {
    "map_label_colors",  # WHY: computed in the browser, like the next two
    "shared_label_colors",
    "color_scheme_domain",
    "filter_scopes",  # WHY: belonged to filter boxes, which Superset no longer has; so did
    "default_filters",
    "show_native_filters",  # WHY: the import removes it
    "positions",  # WHY: a copy of the layout
    "import_time",  # WHY: a time, not content
    "remote_id",
}
_DEFAULTS: dict[str, Any] = {
    "chart_configuration": {},
    "chart_customization_config": [],
    "color_scheme": "",
    "cross_filters_enabled": True,
    "expanded_slices": {},
    "filter_bar_orientation": "VERTICAL",
    "global_chart_configuration": {},
    "label_colors": {},
    "native_filter_configuration": [],
    "refresh_frequency": 0,
    "timed_refresh_immune_slices": [],
}


def canonical_metadata(metadata: dict[str, Any], charts: dict[int, str]) -> dict[str, Any]:
    """The settings in the form of git, with charts by uuid."""
    canonical = {key: value for key, value in metadata.items() if key not in _LEFT_OUT}

    def name(reference: Any) -> str | None:
        if isinstance(reference, str) and _UUID.fullmatch(reference.lower()):
            return reference.lower()
        return charts.get(int(reference)) if str(reference).isdigit() else None

    canonical = _with_references(canonical, name)
    configuration = canonical.get("chart_configuration")
    if configuration:
        # WHY: the browser writes an entry for each chart; the global scope is the default.
        canonical["chart_configuration"] = {
            uuid: entry
            for uuid, entry in configuration.items()
            if entry.get("crossFilters") not in (None, {}, {"scope": "global"})
        }
    if (canonical.get("global_chart_configuration") or {}).get("scope") in (
        None,
        {"rootPath": [ROOT], "excluded": []},
    ):
        canonical.pop("global_chart_configuration", None)
    return {
        key: value
        for key, value in canonical.items()
        if not (key in _DEFAULTS and value in (_DEFAULTS[key], None))
    }


def complete_metadata(metadata: dict[str, Any], position: dict[str, Any]) -> dict[str, Any]:
    """The settings in the form of Superset, with charts by the ids of this layout."""
    numbers = chart_numbers(position)
    # WHY: without them each reader's browser tries to save the colours it computed, and is refused.
    full: dict[str, Any] = {"map_label_colors": {}, "shared_label_colors": []}
    full |= _with_references(metadata, numbers.get)
    for uuid_number, entry in (full.get("chart_configuration") or {}).items():
        entry["id"] = uuid_number
    for name in ("chart_configuration", "expanded_slices"):
        if name in full:
            full[name] = {str(key): value for key, value in full[name].items()}
    return full


def _with_references(metadata: dict[str, Any], name: Any) -> dict[str, Any]:
    """A copy in which every reference to a chart is renamed; unknown charts are dropped."""
    changed = dict(metadata)

    def names(references: list[Any]) -> list[Any]:
        return sorted(uuid for uuid in map(name, references) if uuid is not None)

    def scoped(entry: dict[str, Any]) -> dict[str, Any]:
        # WHY: computed in the browser from the scope; after an import the ids are wrong.
        entry = {k: v for k, v in entry.items() if k not in ("chartsInScope", "tabsInScope")}
        if isinstance(entry.get("scope"), dict):
            excluded = names(entry["scope"].get("excluded") or [])
            entry["scope"] = entry["scope"] | {"excluded": excluded}
        return entry

    if isinstance(changed.get("timed_refresh_immune_slices"), list):
        changed["timed_refresh_immune_slices"] = names(changed["timed_refresh_immune_slices"])
    if isinstance(changed.get("expanded_slices"), dict):
        changed["expanded_slices"] = {
            name(key): value
            for key, value in changed["expanded_slices"].items()
            if name(key) is not None
        }
    for key in ("native_filter_configuration", "chart_customization_config"):
        if isinstance(changed.get(key), list):
            changed[key] = [scoped(entry) for entry in changed[key]]
    if isinstance(changed.get("global_chart_configuration"), dict):
        changed["global_chart_configuration"] = scoped(changed["global_chart_configuration"])
    if isinstance(changed.get("chart_configuration"), dict):
        changed["chart_configuration"] = {
            name(key): {k: v for k, v in entry.items() if k != "id"}
            | {"crossFilters": scoped(entry.get("crossFilters") or {})}
            for key, entry in changed["chart_configuration"].items()
            if name(key) is not None
        }
    return changed
