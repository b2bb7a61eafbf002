"""Dashboards that somebody made in Superset and nobody has brought to git yet."""

import difflib
from dataclasses import replace

from scripts.assets.files.bundle import snake
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.fields import KINDS
from scripts.assets.sync.live import owned
from scripts.errors import UserError


def adopted(name: str, live: Bundle, git: Bundle) -> Bundle:
    """The dashboard of this slug, title or uuid, with the slug that it will have in git."""
    dashboards = live.kind("dashboards")
    wanted = name.strip().lower()
    found = [each for each in dashboards if wanted in _names(each)]
    if not found:
        known = [names for each in dashboards for names in _names(each)]
        near = difflib.get_close_matches(wanted, known, n=1)
        raise UserError(
            f"Superset has no dashboard {name}",
            f"write {near[0]}" if near else "glasshouse pull --all lists what there is",
        )
    if len(found) > 1:
        raise UserError(
            f"Superset has {len(found)} dashboards called {name}",
            f"write a uuid: {', '.join(each.uuid for each in found)}",
        )
    if found[0].uuid in git:
        raise UserError(f"{found[0]} is in git already", "make pull brings its changes")
    return Bundle.of([_with_slug(found[0], git)])


def strangers(live: Bundle, ours: Bundle) -> list[str]:
    """A line for each asset that is not ours: dashboards first, with what they would bring."""
    lines = []
    others = live.only({asset.uuid for asset in live} - {asset.uuid for asset in ours})
    shown: set[str] = set()
    for dashboard in others.kind("dashboards"):
        parts = owned(others, Bundle.of([dashboard]))
        shown |= {asset.uuid for asset in parts}
        counts = ", ".join(
            f"{len(parts.kind(kind))} {kind}" for kind in ("charts", "datasets") if parts.kind(kind)
        )
        name = dashboard.data.get("slug") or dashboard.uuid
        lines.append(f"{dashboard} ({counts or 'empty'}): ADOPT={name} make pull takes it in")
    lines += [
        f"{asset} (on no dashboard)"
        for kind in reversed(KINDS)
        for asset in others.kind(kind)
        if asset.uuid not in shown
    ]
    return lines


def _names(dashboard: Asset) -> list[str]:
    slug = str(dashboard.data.get("slug") or "").lower()
    return [name for name in (slug, dashboard.title.lower(), dashboard.uuid) if name]


def _with_slug(dashboard: Asset, git: Bundle) -> Asset:
    """Every file's dashboard has a slug, which a push then gives to Superset's too."""
    if dashboard.data.get("slug"):
        return dashboard
    taken = {each.data["slug"] for each in git.kind("dashboards")}
    stem = snake(dashboard.title) or f"dashboard_{dashboard.uuid[:8]}"
    slug, number = stem, 2
    while slug in taken:
        slug, number = f"{stem}_{number}", number + 1
    return replace(dashboard, data=dashboard.data | {"slug": slug})
