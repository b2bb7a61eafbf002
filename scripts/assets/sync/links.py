"""Checks that the charts linked to a dashboard are those of its layout."""

from collections import defaultdict
from typing import Any

from scripts.assets.files.yaml_text import load_yaml
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.layout import chart_uuids, charts_in


def chart_links(rows: dict[str, list[dict[str, Any]]]) -> dict[str, set[int]]:
    """The chart ids linked to each dashboard (uuid); `rows`: the server's lists."""
    links = defaultdict(set)
    # The list of charts contains the links of all dashboards in one request.
    for chart in rows["chart"]:
        for dashboard in chart["dashboards"]:
            links[dashboard["id"]].add(chart["id"])
    return {row["uuid"]: links[row["id"]] for row in rows["dashboard"]}


def link_problems(
    links: dict[str, set[int]], exported: dict[str, str], git: Bundle
) -> dict[str, str]:
    """Dashboards whose linked charts differ from their layout: uuid → message."""
    texts = [text for path, text in exported.items() if path.startswith("dashboards/")]
    layouts = {data["uuid"]: data["position"] for data in map(load_yaml, texts)}
    problems = {
        dashboard.uuid: _problem(dashboard, layouts[dashboard.uuid], links[dashboard.uuid], git)
        for dashboard in git.kind("dashboards")
        if dashboard.uuid in layouts and dashboard.uuid in links
    }
    return {uuid: text for uuid, text in problems.items() if text}


def _problem(dashboard: Asset, layout: dict[str, Any], linked: set[int], git: Bundle) -> str:
    # The import writes chart ids into the layout, and the links into another table.
    numbers = {uuid: number for number, uuid in charts_in(layout).items()}
    expected = chart_uuids(dashboard.data["position"])
    missing = [_title(git, uuid) for uuid in expected if numbers.get(uuid) not in linked]
    if missing:
        return f"{dashboard} lacks {', '.join(sorted(missing))}"
    if len(linked) > len(expected):
        return f"{dashboard} shows {len(linked) - len(expected)} charts too many"
    return ""


def _title(git: Bundle, uuid: str) -> str:
    chart = git.get(uuid)
    return chart.title if chart else uuid
