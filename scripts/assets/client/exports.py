"""Superset's exports, requested only for assets that have changed.

A full export is most of the time of a plan. So the exported text of each database, chart and
dashboard is cached with the time of its last change, which the server's lists contain. Datasets are
exported every time, because a changed column does not change the time of its dataset; unmanaged
datasets only on request.
"""

import json
import re
from collections.abc import Container, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from scripts.assets.client.superset import Superset
from scripts.assets.files.yaml_text import load_yaml
from scripts.assets.model.annotations import referenced_charts
from scripts.settings import Settings

Row = dict[str, Any]
LISTED_COLUMNS = {
    "chart": "id,uuid,changed_on_utc,dashboards.id,owners.id,tags.name,tags.type",
    "dashboard": "id,uuid,changed_on_utc,owners.id,tags.name,tags.type",
    "dataset": "id,uuid,owners.id",
    "database": "id,uuid,changed_on",
    "saved_query": "id,label",
    "annotation_layer": "id,name,descr",
    "security/users": "id,username,email",
}
# Above this number of changed assets one full export is faster, because the export of an asset
# includes its dependencies.
_MANY = 60
_UUID = re.compile(r"^uuid: '?([0-9a-fA-F-]{36})'?$", re.MULTILINE)
# In charts, and in the filters of dashboards.
_DATASET = re.compile(r"\bdataset(?:_uuid|Uuid): '?([0-9a-fA-F-]{36})")

# A chart that shows data of another chart.
_ANNOTATION = re.compile(r"\bsourceType: (line|table)\b")


def exported(
    superset: Superset,
    rows: dict[str, list[Row]],
    settings: Settings,
    managed: Container[str] | None = None,
) -> dict[str, str]:
    """Superset's files (path → YAML text) of all listed assets; `rows`: the lists, by resource.

    `managed`: the identities that the repository manages. With them, only datasets that are managed
    or that managed dashboards and charts use.
    """
    timestamps = _timestamps(rows)
    cached = _read(settings, superset.url)
    unchanged = {
        u: entry for u, entry in cached.items() if timestamps.get(u, ("", 0, ""))[2] == entry[0]
    }
    changed = [result[:2] for uuid, result in timestamps.items() if uuid not in unchanged]
    is_full_export = len(changed) > _MANY
    files = superset.export() if is_full_export else _export(superset, changed)
    fresh = {
        uuid: (timestamps[uuid][2], path, text)
        for path, text in files.items()
        if (uuid := _uuid(text)) in timestamps and uuid not in unchanged
    }
    if fresh or unchanged.keys() != cached.keys():
        _write(unchanged | fresh, settings, superset.url)
    if not is_full_export:
        texts = {uuid: text for uuid, (_, _, text) in (unchanged | fresh).items()}
        files = _export(superset, _datasets(rows, texts, managed))
    others = {path: text for path, text in files.items() if _uuid(text) not in timestamps}
    return others | {path: text for _, path, text in (unchanged | fresh).values()}


def _datasets(
    rows: dict[str, list[Row]], texts: dict[str, str], managed: Container[str] | None
) -> list[tuple[str, int]]:
    """All datasets, or the managed ones with those that managed dashboards and charts use."""
    rows_to_export = rows["dataset"]
    if managed is not None:
        dashboards = {row["id"]: row["uuid"] for row in rows["dashboard"] if row["uuid"] in managed}
        users = set(dashboards.values()) | {
            row["uuid"]
            for row in rows["chart"]
            if row["uuid"] in managed or any(each["id"] in dashboards for each in row["dashboards"])
        }
        users |= _annotation_sources(rows, users, texts)
        used = {
            result.lower() for each in users for result in _DATASET.findall(texts.get(each, ""))
        }
        rows_to_export = [
            row for row in rows_to_export if row["uuid"] in managed or row["uuid"] in used
        ]
    return [("dataset", row["id"]) for row in rows_to_export]


def _annotation_sources(
    rows: dict[str, list[Row]], charts: set[str], texts: dict[str, str]
) -> set[str]:
    """The charts whose data these charts show as annotations."""
    uuids = {row["id"]: row["uuid"] for row in rows["chart"]}
    sources: set[str] = set()
    pending = charts
    while pending:
        annotated = [texts[each] for each in pending if _ANNOTATION.search(texts.get(each, ""))]
        params = [load_yaml(text).get("params") or {} for text in annotated]
        ids = [value for each in params for value in referenced_charts(each)]
        pending = {uuids[value] for value in ids if value in uuids} - sources - charts
        sources |= pending
    return sources


def _timestamps(rows: dict[str, list[Row]]) -> dict[str, tuple[str, int, str]]:
    """uuid → resource, id, and a value that changes whenever the exported text changes."""
    result = {
        row["uuid"]: (resource, row["id"], f"{row['id']} {row[timestamp]}")
        for resource, timestamp in (("database", "changed_on"), ("chart", "changed_on_utc"))
        for row in rows[resource]
    }
    for row in rows["dashboard"]:
        # An export adds the charts that are linked and not in the layout.
        linked = [c["id"] for c in rows["chart"] for d in c["dashboards"] if d["id"] == row["id"]]
        timestamp = f"{row['id']} {row['changed_on_utc']} {sorted(linked)}"
        result[row["uuid"]] = ("dashboard", row["id"], timestamp)
    return result


def _export(superset: Superset, rows_to_export: Iterable[tuple[str, int]]) -> dict[str, str]:
    """The exported files of these assets (resource, id)."""
    numbers: dict[str, list[int]] = {}
    for resource, number in rows_to_export:
        numbers.setdefault(resource, []).append(number)
    with ThreadPoolExecutor() as pool:
        requests = {
            f"{resource}s": pool.submit(superset.export, resource, each)
            for resource, each in numbers.items()
        }
    # A dependency is exported in another form than the asset itself.
    return {
        path: text
        for kind, each in requests.items()
        for path, text in each.result().items()
        if path.startswith(f"{kind}/")
    }


def _uuid(text: str) -> str:
    result = _UUID.search(text)
    return result[1].lower() if result else ""


def _file(settings: Settings) -> Path:
    name = f"exported-{settings.environment}" if settings.environment else "exported"
    return settings.state / "dashboards" / f"{name}.json"


def _read(settings: Settings, url: str) -> dict[str, tuple[str, str, str]]:
    try:
        entry = json.loads(_file(settings).read_text(encoding="utf-8"))
        return {uuid: tuple(each) for uuid, each in entry["files"].items() if entry["of"] == url}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _write(files: dict[str, tuple[str, str, str]], settings: Settings, url: str) -> None:
    file = _file(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps({"of": url, "files": files}, ensure_ascii=False), encoding="utf-8")
    draft.replace(file)
