"""What Superset shows now, in the same form as the files in git."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from scripts.assets.fields import KINDS
from scripts.assets.layout import chart_uuids
from scripts.assets.model import Asset, Bundle
from scripts.assets.normalise import canonical_all
from scripts.assets.placeholders import restored
from scripts.assets.yamlio import load_yaml
from scripts.settings import Settings


def live_bundle(exported: dict[str, str], settings: Settings) -> Bundle:
    """The assets of an export (path → YAML text) in canonical form."""
    found = []
    for path, text in exported.items():
        kind = PurePosixPath(path).parts[0]
        if kind not in KINDS:
            continue
        data = load_yaml(text)
        if kind == "databases":
            data["sqlalchemy_uri"] = restored(data["sqlalchemy_uri"], settings)
        found.append((kind, "", data))
    return Bundle.of([Asset(kind, data) for kind, _, data in canonical_all(found)])


def owned(live: Bundle, git: Bundle, ever: Iterable[str] = ()) -> Bundle:
    """The part of the live assets that git holds, and what its dashboards have come to need.

    A chart added to a dashboard in the browser belongs to the dashboard, and so does its dataset.
    `ever`: what git has held before belongs to it too.
    """
    uuids = {asset.uuid for asset in git} | set(ever)
    for dashboard in live.only(uuids).kind("dashboards"):
        uuids |= chart_uuids(dashboard.data["position"])
    for chart in live.only(uuids).kind("charts"):
        uuids.add(chart.data.get("dataset_uuid", ""))
    for dataset in live.only(uuids).kind("datasets"):
        uuids.add(dataset.data["database_uuid"])
    return live.only(uuids)
