"""Unmanaged assets: dashboards in Superset that are not in git, and their import."""

import difflib
from dataclasses import replace

from scripts.assets.files.bundle import snake
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.fields import KINDS
from scripts.assets.sync.server_assets import managed_assets
from scripts.errors import UserError


def imported(name: str, server: Bundle, git: Bundle) -> Bundle:
    """The dashboard of this slug, title or uuid, with the slug that it will have in git."""
    dashboards = server.kind("dashboards")
    wanted_name = name.strip().lower()
    matching = [each for each in dashboards if wanted_name in _names(each)]
    if not matching:
        candidates = [names for each in dashboards for names in _names(each)]
        matches = difflib.get_close_matches(wanted_name, candidates, n=1)
        raise UserError(
            f"Superset has no dashboard {name}",
            f"write {matches[0]}" if matches else "glasshouse pull --all lists what there is",
        )
    if len(matching) > 1:
        raise UserError(
            f"Superset has {len(matching)} dashboards named {name}",
            f"write a uuid: {', '.join(each.uuid for each in matching)}",
        )
    if matching[0].uuid in git:
        raise UserError(f"{matching[0]} is already in git", "make pull updates it")
    return Bundle.of([_with_slug(matching[0], git)])


def unmanaged(server: Bundle, managed: Bundle) -> list[str]:
    """A line for each unmanaged asset: dashboards first, with their charts and datasets."""
    lines = []
    unmanaged_assets = server.only(
        {asset.uuid for asset in server} - {asset.uuid for asset in managed}
    )
    listed: set[str] = set()
    for dashboard in unmanaged_assets.kind("dashboards"):
        parts = managed_assets(unmanaged_assets, Bundle.of([dashboard]))
        listed |= {asset.uuid for asset in parts}
        counts = ", ".join(
            f"{len(parts.kind(kind))} {kind}" for kind in ("charts", "datasets") if parts.kind(kind)
        )
        name = dashboard.data.get("slug") or dashboard.uuid
        lines.append(f"{dashboard} ({counts or 'empty'}): IMPORT={name} make pull imports it")
    lines += [
        f"{asset} (on no dashboard)"
        for kind in reversed(KINDS)
        for asset in unmanaged_assets.kind(kind)
        if asset.uuid not in listed
    ]
    return lines


def _names(dashboard: Asset) -> list[str]:
    slug = str(dashboard.data.get("slug") or "").lower()
    return [name for name in (slug, dashboard.title.lower(), dashboard.uuid) if name]


def _with_slug(dashboard: Asset, git: Bundle) -> Asset:
    """The dashboard with a slug, which files need and a push also sets in Superset."""
    if dashboard.data.get("slug"):
        return dashboard
    taken_slugs = {each.data["slug"] for each in git.kind("dashboards")}
    stem = snake(dashboard.title) or f"dashboard_{dashboard.uuid[:8]}"
    slug, number = stem, 2
    while slug in taken_slugs:
        slug, number = f"{stem}_{number}", number + 1
    return replace(dashboard, data=dashboard.data | {"slug": slug})
