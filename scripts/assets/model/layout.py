"""The layout of a dashboard, in the form of git and in the form of Superset.

In git the key identifies a component and the uuid a chart. Derived values (ids, parents, names and
ids of charts) are left out and computed at push, so that moving a row or adding a chart changes
only the lines of that row or chart.
"""

from typing import Any

VERSION_KEY = "DASHBOARD_VERSION_KEY"
ROOT = "ROOT_ID"
# WHY: hints shown while a title is empty, and a leftover of Superset's default layout.
_META_LEFT_OUT = {"chartId", "sliceName", "defaultText", "placeholder", "0"}


def components(position: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The components of a layout (without its version)."""
    return {
        key: node for key, node in position.items() if isinstance(node, dict) and key != VERSION_KEY
    }


def chart_uuids(position: dict[str, Any]) -> set[str]:
    """The uuids of the charts that a layout shows."""
    return {
        str(node["meta"]["uuid"]).lower()
        for node in components(position).values()
        if node.get("type") == "CHART" and (node.get("meta") or {}).get("uuid")
    }


def charts_in(position: dict[str, Any]) -> dict[int, str]:
    """Chart ids in this layout → uuids."""
    return {
        node["meta"]["chartId"]: str(node["meta"]["uuid"]).lower()
        for node in components(position).values()
        if node.get("type") == "CHART" and {"chartId", "uuid"} <= (node.get("meta") or {}).keys()
    }


def canonical_position(position: dict[str, Any]) -> dict[str, Any]:
    """The layout in the form of git: from the root down, each component once."""
    nodes = components(position)
    # WHY: the header repeats the title of the dashboard, and Superset adds it by itself.
    nodes = {key: node for key, node in nodes.items() if key != "HEADER_ID"}
    order = [key for key in walk(nodes) if key in nodes]
    order += sorted(nodes.keys() - set(order))
    version = {VERSION_KEY: position[VERSION_KEY]} if VERSION_KEY in position else {}
    return version | {key: _canonical_component(nodes[key]) for key in order}


def walk(nodes: dict[str, dict[str, Any]]) -> list[str]:
    """The keys below the root in reading order; each once, even in a broken layout."""
    order: dict[str, None] = {}
    stack = [ROOT]
    while stack:
        key = stack.pop()
        if key not in order:
            order[key] = None
            stack.extend(reversed(nodes.get(key, {}).get("children") or []))
    return list(order)


def _canonical_component(node: dict[str, Any]) -> dict[str, Any]:
    canonical: dict[str, Any] = {
        key: value for key, value in node.items() if key not in ("id", "parents")
    }
    meta = node.get("meta") or {}
    meta = {key: value for key, value in meta.items() if key not in _META_LEFT_OUT}
    if isinstance(meta.get("uuid"), str):
        meta["uuid"] = meta["uuid"].lower()
    for key, value in (("meta", meta), ("children", node.get("children"))):
        canonical.pop(key, None)
        if value:
            canonical[key] = value
    return canonical


def complete_position(position: dict[str, Any], titles: dict[str, str]) -> dict[str, Any]:
    """The layout in the form of Superset; `titles`: the charts' names by uuid."""
    numbers = chart_numbers(position)
    full: dict[str, Any] = {VERSION_KEY: position.get(VERSION_KEY, "v2")}
    parents: dict[str, list[str]] = {ROOT: []}
    nodes = components(position)
    for key in walk(nodes):
        for child in nodes.get(key, {}).get("children") or []:
            parents.setdefault(child, [*parents[key], key])
    for key, node in nodes.items():
        meta = dict(node.get("meta") or {})
        if node["type"] == "CHART":
            meta |= {"chartId": numbers[meta["uuid"]], "sliceName": titles.get(meta["uuid"], "")}
        full[key] = node | {"id": key, "children": list(node.get("children") or [])}
        if key not in (ROOT, "GRID_ID"):
            full[key]["meta"] = meta
        if parents.get(key):
            full[key]["parents"] = parents[key]
    return full


def without_charts(position: dict[str, Any], uuids: set[str]) -> dict[str, Any]:
    """The layout without these charts, and without the rows and columns that this empties."""
    nodes = components(position)
    removed = {
        key for key, node in nodes.items()
        if node.get("type") == "CHART" and (node.get("meta") or {}).get("uuid") in uuids
    }  # fmt: skip
    remaining = dict(position)
    while removed:
        emptied = set()
        remaining = {key: node for key, node in remaining.items() if key not in removed}
        for key, node in components(remaining).items():
            children = node.get("children") or []
            if removed.intersection(children):
                remaining_children = [child for child in children if child not in removed]
                remaining[key] = node | {"children": remaining_children}
                if not remaining_children and node.get("type") in ("ROW", "COLUMN"):
                    emptied.add(key)
        removed = emptied
    return remaining


def chart_numbers(position: dict[str, Any]) -> dict[str, int]:
    """Ids for the charts of a layout: the import requires some and replaces them."""
    return {uuid: number for number, uuid in enumerate(sorted(chart_uuids(position)), start=1)}
