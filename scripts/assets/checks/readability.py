"""Rules for readers: dashboards have descriptions, charts are explained, files are used."""

import re
from itertools import pairwise
from typing import Any

from scripts.assets.checks.columns import filter_targets
from scripts.assets.model.annotations import referenced_charts, referenced_layers
from scripts.assets.model.asset import SINGULAR, Asset, Bundle
from scripts.assets.model.layout import chart_uuids, components
from scripts.assets.model.problems import Problem, Rule

# CSS classes of texts that explain a chart; the text may come from a report.
EXPLAINING = re.compile(r'class="[^"]*\bgh-(?:read|help|note|caption|subline)\b')
# Params whose text a chart shows next to its numbers.
TEXTS = ("handlebarsTemplate", "subtitle", "subheader", "echart_options")
SENTENCE = re.compile(r"(?:[^\W\d_][\w’'-]*[\s,:;–(]+){3}[^.{}<>]*[.!?]")
TAG = re.compile(r"<[^>]*>|\{\{[^}]*\}\}")


def readability_problems(bundle: Bundle) -> list[Problem]:
    """Dashboards without description, charts without explanation, and unused files."""
    problems = [
        Problem(
            dashboard.path,
            "has no description",
            "add description: and one sentence that says which question it answers",
            Rule.NO_DESCRIPTION,
        )
        for dashboard in bundle.kind("dashboards")
        if not str(dashboard.data.get("description") or "").strip()
    ]
    explained = {uuid for dashboard in bundle.kind("dashboards") for uuid in _explained(dashboard)}
    for chart in bundle.kind("charts"):
        if not _explains_itself(chart.data["params"]) and chart.uuid not in explained:
            problems.append(
                Problem(
                    chart.path,
                    f'there is no visible explanation of "{chart.title}"',
                    "add a sentence to the chart, or a text to its row or column",
                    Rule.NO_READING_HELP,
                )
            )
    return problems + _orphans(bundle)


def contains_sentence(text: str) -> bool:
    """Whether a text contains a sentence: four words and a full stop."""
    return bool(SENTENCE.search(TAG.sub(" ", text)))


def _explains_itself(params: dict[str, Any]) -> bool:
    return any(_explains(str(params.get(name) or "")) for name in TEXTS)


def _explains(text: str) -> bool:
    return bool(EXPLAINING.search(text)) or contains_sentence(text)


def _explained(dashboard: Asset) -> set[str]:
    """The charts explained by a text in the same row or column, or by their own description."""
    nodes = components(dashboard.data["position"])
    problems = set()
    for key, node in nodes.items():
        if node.get("type") in ("ROW", "COLUMN") and _texts(nodes, key):
            problems |= _charts(nodes, key)
    # A row that contains only texts explains the row before it.
    for node in nodes.values():
        children = [key for key in node.get("children") or [] if key in nodes]
        for previous, descendants in pairwise(children):
            if _texts(nodes, descendants) and not _charts(nodes, descendants):
                problems |= _charts(nodes, previous)
    expanded = dashboard.data.get("metadata", {}).get("expanded_slices") or {}
    return problems | {str(uuid).lower() for uuid, open_ in expanded.items() if open_}


def _texts(nodes: dict[str, dict], key: str) -> bool:
    """Whether a component is an explaining text or directly contains one."""
    keys = [key, *(nodes[key].get("children") or [])]
    texts = [nodes[each] for each in keys if nodes.get(each, {}).get("type") == "MARKDOWN"]
    return any(_explains(str((text.get("meta") or {}).get("code"))) for text in texts)


def _charts(nodes: dict[str, dict], key: str) -> set[str]:
    """The charts anywhere below a component."""
    descendants, stack = {}, [key]
    while stack:
        name = stack.pop()
        if name in nodes and name not in descendants:
            descendants[name] = nodes[name]
            stack += nodes[name].get("children") or []
    return chart_uuids(descendants)


def _orphans(bundle: Bundle) -> list[Problem]:
    """Charts, datasets and databases that no dashboard uses."""
    used: set[str] = set()
    for dashboard in bundle.kind("dashboards"):
        used |= chart_uuids(dashboard.data["position"])
        used |= {uuid for _, uuid, _ in filter_targets(dashboard)}
    for chart in bundle.kind("charts"):
        params = chart.data["params"] if chart.uuid in used else {}
        used |= {str(uuid).lower() for uuid in referenced_charts(params)}
        used |= {f"annotation_layers/{name}" for name in referenced_layers(params)}
    used |= {query.data["database_uuid"] for query in bundle.kind("queries")}
    for kind, reference in (("charts", "dataset_uuid"), ("datasets", "database_uuid")):
        used |= {asset.data[reference] for asset in bundle.kind(kind) if asset.uuid in used}
    return [
        Problem(
            asset.path,
            f"no dashboard uses this {SINGULAR[asset.kind]}",
            "add it to a dashboard, or remove the file",
            Rule.ORPHAN,
        )
        for asset in bundle
        if asset.kind not in ("dashboards", "queries") and asset.uuid not in used
    ]
