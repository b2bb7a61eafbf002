"""Does every dashboard show exactly its charts? Its layout says so, and so must its links."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from scripts.assets.layout import chart_uuids, charts_in
from scripts.assets.model import Asset, Bundle
from scripts.assets.superset import Superset
from scripts.assets.yamlio import load_yaml

# As many as Superset answers at once without keeping its readers waiting.
_AT_ONCE = 4


def wrong_links(superset: Superset, exported: dict[str, str], git: Bundle) -> dict[str, str]:
    """Dashboards of git that do not show exactly their charts: uuid → in words."""
    texts = [text for path, text in exported.items() if path.startswith("dashboards/")]
    layouts = {data["uuid"]: data["position"] for data in map(load_yaml, texts)}
    dashboards = [each for each in git.kind("dashboards") if each.uuid in layouts]

    def linked(dashboard: Asset) -> set[int]:
        return {chart["id"] for chart in superset.charts_of(dashboard.data["slug"])}

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(linked, dashboards))
    wrong = {
        dashboard.uuid: _wrong(dashboard, layouts[dashboard.uuid], numbers, git)
        for dashboard, numbers in zip(dashboards, found, strict=True)
    }
    return {uuid: words for uuid, words in wrong.items() if words}


def _wrong(dashboard: Asset, layout: dict[str, Any], linked: set[int], git: Bundle) -> str:
    # The import writes the charts' numbers into the layout, and links them in another table.
    numbers = {uuid: number for number, uuid in charts_in(layout).items()}
    wanted = chart_uuids(dashboard.data["position"])
    missing = [_title(git, uuid) for uuid in wanted if numbers.get(uuid) not in linked]
    if missing:
        return f"{dashboard} lacks {', '.join(sorted(missing))}"
    if len(linked) > len(wanted):
        return f"{dashboard} shows {len(linked) - len(wanted)} charts too many"
    return ""


def _title(git: Bundle, uuid: str) -> str:
    chart = git.get(uuid)
    return chart.title if chart else uuid
