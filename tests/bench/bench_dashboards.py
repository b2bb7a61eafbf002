"""Dashboards as code: 20 dashboards of 10 charts each, against bare preset-cli on the same server.

Each side is a program started anew, as a person or a pipeline starts it.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts.assets.client import preset
from scripts.assets.files.bundle import FOLDER
from scripts.assets.files.yaml_text import dump_yaml
from scripts.assets.model.asset import Asset
from scripts.assets.model.complete import complete
from scripts.assets.sync.state import read_git
from scripts.settings import ROOT, Settings
from tests.bench.harness import Bench, Pair, at_least, at_most, compare, seconds

DASHBOARDS, CHARTS = 20, 10
_GROUP = "Dashboards as code"
_COMMAND = """
import json, sys
from scripts.settings import Settings
from scripts.assets.{verb} import {verb}
given = json.load(sys.stdin)
{verb}(Settings(**given["settings"]), **given["more"])
"""


class Farm:
    """A project of many dashboards, pushed; `close` takes them off the server again."""

    def __init__(self, settings: Settings) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="glasshouse-bench-"))
        self.settings = settings.model_copy(
            update={"root": self.root, "state": self.root / ".stack"}
        )
        self.assets = _many(read_git(settings).kind("charts")[0], settings)
        for asset in self.assets:
            self.write(asset)
        self.changes = 0
        self.run("push")

    def write(self, asset: Asset) -> None:
        """Write the file of an asset."""
        file = self.root / FOLDER / asset.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dump_yaml(asset.data), encoding="utf-8")

    def settle(self) -> None:
        """Take note of what the rival's import has touched, as the last push of one's own does."""
        self.run("push")

    def change(self) -> None:
        """Change one chart in git, of a server that nobody else has touched."""
        self.settle()
        self.changes += 1
        chart = next(asset for asset in self.assets if asset.kind == "charts")
        self.write(Asset("charts", chart.data | {"description": f"{self.changes}"}, chart.path))

    def run(self, verb: str, **more: bool) -> None:
        """A verb of ours, as a program of its own; the passwords go through standard input."""
        result = subprocess.run(
            [sys.executable, "-c", _COMMAND.format(verb=verb)],
            input=json.dumps({"settings": self.settings.model_dump(mode="json"), "more": more}),
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, result.stderr

    def bare_sync(self) -> None:
        """preset-cli alone, of the same files as Superset needs them."""
        with tempfile.TemporaryDirectory() as folder:
            git = read_git(self.settings)
            for asset in git:
                file = Path(folder) / "bundle" / asset.path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(dump_yaml(complete(asset, git, self.settings)), encoding="utf-8")
            command = ["sync", "native", f"{folder}/bundle", "--disable-jinja-templating"]
            self.sync_seconds = seconds(
                lambda: preset.run([*command, "--overwrite"], Path(folder), self.settings)
            )

    def bare_export(self) -> None:
        """preset-cli alone, of all that is on the server."""
        with tempfile.TemporaryDirectory() as folder:
            command = ["export-assets", folder, "--disable-jinja-escaping", "--overwrite"]
            preset.run(command, Path(folder), self.settings)

    def close(self) -> None:
        """Give all of it up, and prune it."""
        for asset in self.assets:
            if asset.kind in ("charts", "dashboards"):
                (self.root / FOLDER / asset.path).unlink()
        self.run("prune", act=True, force=True)
        shutil.rmtree(self.root)


def _many(chart: Asset, settings: Settings) -> list[Asset]:
    """The database and dataset of a chart, copies of it, and dashboards that show these."""
    git = read_git(settings)
    dataset = git.get(chart.data["dataset_uuid"])
    assert dataset is not None
    database = git.get(dataset.data["database_uuid"])
    assert database is not None
    result = [database, dataset]
    for number in range(DASHBOARDS):
        position: dict[str, Any] = {
            "DASHBOARD_VERSION_KEY": "v2",
            "ROOT_ID": {"type": "ROOT", "children": ["GRID_ID"]},
            "GRID_ID": {"type": "GRID", "children": ["ROW-1"]},
            "ROW-1": {"type": "ROW", "children": [f"CHART-{each}" for each in range(CHARTS)]},
        }
        for each in range(CHARTS):
            name = f"Bench {number} {each}"
            data = chart.data | {"slice_name": name, "uuid": _uuid(name)}
            result.append(Asset("charts", data, f"charts/bench_{number}/chart_{each}.yaml"))
            meta = {"uuid": data["uuid"], "width": 1, "height": 20}
            position[f"CHART-{each}"] = {"type": "CHART", "meta": meta}
        slug = f"bench_{number}"
        data = {"dashboard_title": f"Bench {number}", "uuid": _uuid(slug), "slug": slug}
        data |= {"position": position, "version": "1.0.0"}
        result.append(Asset("dashboards", data, f"dashboards/{slug}.yaml"))
    return result


def _uuid(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def _verb(bench: Bench, verb: str, rival: str, before: Callable[[Farm], None]) -> Pair:
    farm = Farm(bench.settings)

    def measure_glasshouse() -> float:
        before(farm)
        return seconds(lambda: farm.run(verb))

    def measure_rival() -> float:
        if rival == "export":
            return seconds(farm.bare_export)
        farm.bare_sync()
        return farm.sync_seconds

    return Pair(
        measure_glasshouse, measure_rival, note=f"{DASHBOARDS} × {CHARTS} charts", done=farm.close
    )


@compare("dashboards: plan", "preset-cli export-assets", at_most(1.2), _GROUP)
def plan(bench: Bench) -> Pair:
    return _verb(bench, "plan", "export", lambda farm: None)


@compare("dashboards: push, nothing changed", "preset-cli sync native", at_least(3), _GROUP)
def push_none(bench: Bench) -> Pair:
    return _verb(bench, "push", "sync", Farm.settle)


@compare("dashboards: push, one chart changed", "preset-cli sync native", at_most(1.2), _GROUP)
def push_one(bench: Bench) -> Pair:
    return _verb(bench, "push", "sync", Farm.change)


@compare("dashboards: pull", "preset-cli export-assets", at_most(1.2), _GROUP)
def pull(bench: Bench) -> Pair:
    return _verb(bench, "pull", "export", lambda farm: None)
