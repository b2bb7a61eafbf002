"""Superset's own files, asked for only where something has changed.

An export of everything is most of what a plan waits for. So the text of each database, chart and
dashboard is kept, with the moment of its last change, which the server's lists tell for all of them
at once: the same moment, the same text. Datasets are exported every time, for a changed column does
not move the moment of its dataset; those of strangers only for who asks about strangers.
"""

import json
import re
from collections.abc import Container, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from scripts.assets.client.superset import Superset
from scripts.settings import Settings

Row = dict[str, Any]
LISTED = {
    "chart": "id,uuid,changed_on_utc,dashboards.id",
    "dashboard": "id,uuid,changed_on_utc",
    "dataset": "id,uuid",
    "database": "id,uuid,changed_on",
}
# Each that is asked for by its number brings along what it needs.
_MANY = 60
_UUID = re.compile(r"^uuid: '?([0-9a-fA-F-]{36})'?$", re.MULTILINE)
# In charts, and in the filters of dashboards.
_DATASET = re.compile(r"\bdataset(?:_uuid|Uuid): '?([0-9a-fA-F-]{36})")


def exported(
    superset: Superset,
    rows: dict[str, list[Row]],
    settings: Settings,
    ours: Container[str] | None = None,
) -> dict[str, str]:
    """Superset's files (path → YAML text) of all that is listed; `rows`: the lists, by resource.

    `ours`: the identities of what the repository owns. With them, only the datasets that are ours,
    or that our dashboards and charts use.
    """
    moments = _moments(rows)
    known = _read(settings, superset.url)
    current = {u: kept for u, kept in known.items() if moments.get(u, ("", 0, ""))[2] == kept[0]}
    changed = [found[:2] for uuid, found in moments.items() if uuid not in current]
    whole = len(changed) > _MANY
    files = superset.export() if whole else _asked(superset, changed)
    fresh = {
        uuid: (moments[uuid][2], path, text)
        for path, text in files.items()
        if (uuid := _uuid(text)) in moments and uuid not in current
    }
    if fresh or current.keys() != known.keys():
        _write(current | fresh, settings, superset.url)
    if not whole:
        texts = {uuid: text for uuid, (_, _, text) in (current | fresh).items()}
        files = _asked(superset, _datasets(rows, texts, ours))
    others = {path: text for path, text in files.items() if _uuid(text) not in moments}
    return others | {path: text for _, path, text in (current | fresh).values()}


def _datasets(
    rows: dict[str, list[Row]], texts: dict[str, str], ours: Container[str] | None
) -> list[tuple[str, int]]:
    """All datasets, or ours with those that our charts, dashboards, and the charts on them use."""
    wanted = rows["dataset"]
    if ours is not None:
        dashboards = {row["id"]: row["uuid"] for row in rows["dashboard"] if row["uuid"] in ours}
        users = set(dashboards.values()) | {
            row["uuid"]
            for row in rows["chart"]
            if row["uuid"] in ours or any(each["id"] in dashboards for each in row["dashboards"])
        }
        used = {found.lower() for each in users for found in _DATASET.findall(texts.get(each, ""))}
        wanted = [row for row in wanted if row["uuid"] in ours or row["uuid"] in used]
    return [("dataset", row["id"]) for row in wanted]


def _moments(rows: dict[str, list[Row]]) -> dict[str, tuple[str, int, str]]:
    """uuid → resource, number, and what stays the same while the text does."""
    found = {
        row["uuid"]: (resource, row["id"], f"{row['id']} {row[moment]}")
        for resource, moment in (("database", "changed_on"), ("chart", "changed_on_utc"))
        for row in rows[resource]
    }
    for row in rows["dashboard"]:
        # An export adds the charts that are linked and not in the layout.
        linked = [c["id"] for c in rows["chart"] for d in c["dashboards"] if d["id"] == row["id"]]
        moment = f"{row['id']} {row['changed_on_utc']} {sorted(linked)}"
        found[row["uuid"]] = ("dashboard", row["id"], moment)
    return found


def _asked(superset: Superset, wanted: Iterable[tuple[str, int]]) -> dict[str, str]:
    """The files of some: resource, number."""
    numbers: dict[str, list[int]] = {}
    for resource, number in wanted:
        numbers.setdefault(resource, []).append(number)
    with ThreadPoolExecutor() as pool:
        asked = {
            f"{resource}s": pool.submit(superset.export, resource, each)
            for resource, each in numbers.items()
        }
    # What comes along is written in another form than where it is asked for itself.
    return {
        path: text
        for kind, each in asked.items()
        for path, text in each.result().items()
        if path.startswith(f"{kind}/")
    }


def _uuid(text: str) -> str:
    found = _UUID.search(text)
    return found[1].lower() if found else ""


def _file(settings: Settings) -> Path:
    name = f"exported-{settings.environment}" if settings.environment else "exported"
    return settings.state / "dashboards" / f"{name}.json"


def _read(settings: Settings, url: str) -> dict[str, tuple[str, str, str]]:
    try:
        kept = json.loads(_file(settings).read_text(encoding="utf-8"))
        return {uuid: tuple(each) for uuid, each in kept["files"].items() if kept["of"] == url}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _write(files: dict[str, tuple[str, str, str]], settings: Settings, url: str) -> None:
    file = _file(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps({"of": url, "files": files}, ensure_ascii=False), encoding="utf-8")
    draft.replace(file)
