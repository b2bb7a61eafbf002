"""Does every dashboard show exactly its charts? Its layout says so, and so must its links."""

from scripts.assets.layout import chart_uuids, charts_in
from scripts.assets.model import Bundle
from scripts.assets.superset import Superset
from scripts.assets.yamlio import load_yaml


def wrong_links(superset: Superset, exported: dict[str, str], git: Bundle) -> list[str]:
    """Dashboards that do not show exactly their charts, in words."""
    wrong = []
    for data in map(load_yaml, (t for p, t in exported.items() if p.startswith("dashboards/"))):
        dashboard = git.get(data["uuid"])
        if dashboard is None:
            continue
        # The import writes the charts' numbers into the layout, and links them in another table.
        numbers = {uuid: number for number, uuid in charts_in(data["position"]).items()}
        linked = {chart["id"] for chart in superset.charts_of(dashboard.data["slug"])}
        wanted = chart_uuids(dashboard.data["position"])
        missing = [_title(git, uuid) for uuid in wanted if numbers.get(uuid) not in linked]
        if missing:
            wrong.append(f"{dashboard} lacks {', '.join(sorted(missing))}")
        elif len(linked) > len(wanted):
            wrong.append(f"{dashboard} shows {len(linked) - len(wanted)} charts too many")
    return wrong


def _title(git: Bundle, uuid: str) -> str:
    chart = git.get(uuid)
    return chart.title if chart else uuid
