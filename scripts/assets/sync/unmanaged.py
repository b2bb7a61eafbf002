"""Unmanaged assets: dashboards and queries in Superset that are not in git, and their import."""

import difflib
from dataclasses import replace

from scripts.assets.files.bundle import snake
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.fields import KINDS
from scripts.assets.sync.server_assets import managed_assets
from scripts.errors import UserError

# The longest slug that is made from a title.
_SLUG = 100


def imported(name: str, server: Bundle, git: Bundle) -> Bundle:
    """The dashboard or saved query of this slug, title or uuid.

    A dashboard has the slug that it will have in git.
    """
    candidates = server.kind("dashboards") + server.kind("queries")
    folded_name = name.strip().lower()
    matching = [each for each in candidates if folded_name in _names(each)]
    if not matching:
        names = [each for candidate in candidates for each in _names(candidate)]
        matches = difflib.get_close_matches(folded_name, names, n=1)
        raise UserError(
            f"Superset has no dashboard or saved query {name}",
            f"write {matches[0]}" if matches else "glasshouse pull --all lists what there is",
        )
    if len(matching) > 1:
        raise UserError(
            f"Superset has {len(matching)} assets named {name}",
            f"write a uuid: {', '.join(each.uuid for each in matching)}",
        )
    if matching[0].uuid in git:
        raise UserError(f"{matching[0]} is already in git", "make pull updates it")
    is_dashboard = matching[0].kind == "dashboards"
    return Bundle.of([with_slug(matching[0], git) if is_dashboard else matching[0]])


def unmanaged(server: Bundle, managed: Bundle) -> list[str]:
    """A line for each unmanaged asset: dashboards first, with their charts and datasets."""
    lines = []
    unmanaged_assets = server.only(
        {asset.uuid for asset in server} - {asset.uuid for asset in managed}
    )
    uuids: set[str] = set()
    for dashboard in unmanaged_assets.kind("dashboards"):
        parts = managed_assets(unmanaged_assets, Bundle.of([dashboard]))
        uuids |= {asset.uuid for asset in parts}
        counts = ", ".join(
            f"{len(parts.kind(kind))} {kind}" for kind in ("charts", "datasets") if parts.kind(kind)
        )
        name = dashboard.data.get("slug") or dashboard.uuid
        lines.append(f"{dashboard} ({counts or 'empty'}): IMPORT={name} make pull imports it")
    lines += [
        f"{asset} ({_how_to_import(asset)})"
        for kind in reversed(KINDS)
        for asset in unmanaged_assets.kind(kind)
        if asset.uuid not in uuids
    ]
    return lines


def _how_to_import(asset: Asset) -> str:
    if asset.kind == "queries":
        return f"IMPORT={asset.uuid} make pull imports it"
    return "on no dashboard"


def _names(asset: Asset) -> list[str]:
    slug = str(asset.data.get("slug") or "").lower()
    return [name for name in (slug, asset.title.lower(), asset.uuid) if name]


def with_slug(dashboard: Asset, git: Bundle) -> Asset:
    """The dashboard with a slug of its own, which files need and a push also sets in Superset."""
    taken_slugs = {each.data["slug"] for each in git.kind("dashboards")}
    slug = str(dashboard.data.get("slug") or "")
    if slug and slug not in taken_slugs:
        return dashboard
    stem = slug or snake(dashboard.title)[:_SLUG] or f"dashboard_{dashboard.uuid[:8]}"
    slug, number = stem, 2
    while slug in taken_slugs:
        slug, number = f"{stem}_{number}", number + 1
    return replace(dashboard, data=dashboard.data | {"slug": slug})
