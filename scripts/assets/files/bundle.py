"""The folder of the assets: reading it, writing it, and naming new files."""

import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from scripts.assets.files.yaml_text import dump_yaml, load_yaml, write_text
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.fields import KINDS
from scripts.assets.model.layout import chart_uuids
from scripts.assets.model.normalise import canonical_all
from scripts.assets.model.problems import Problem, Rule

FOLDER = "superset_assets"


@dataclass
class Files:
    """What stands in the folder: the data of each readable file, and what is wrong with others."""

    data: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def bundle(self) -> Bundle:
        """The assets in canonical form (the files must have passed the checks of their schema)."""
        found = canonical_all([(kind, path, data) for path, (kind, data) in self.data.items()])
        return Bundle.of([Asset(kind, data, path) for kind, path, data in found])


def read_files(folder: Path) -> Files:
    """Read every YAML file below the four folders of assets."""
    files = Files()
    for kind in KINDS:
        for file in sorted((folder / kind).rglob("*.y*ml")):
            path = file.relative_to(folder).as_posix()
            try:
                data = load_yaml(file.read_text(encoding="utf-8"))
            except yaml.YAMLError as error:
                files.problems.append(
                    Problem(path, _where(error), "mend the YAML", Rule.UNREADABLE)
                )
                continue
            except (OSError, UnicodeDecodeError) as error:
                files.problems.append(
                    Problem(path, f"cannot be read ({error})", "mend the file", Rule.UNREADABLE)
                )
                continue
            if isinstance(data, dict):
                files.data[path] = (kind, data)
            else:
                files.problems.append(
                    Problem(
                        path,
                        "holds no fields",
                        "write name: value lines, or remove the file",
                        Rule.UNREADABLE,
                    )
                )
    return files


def _where(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    text = getattr(error, "problem", None) or str(error)
    return f"line {mark.line + 1}: {text}" if mark else text


def write_asset(folder: Path, asset: Asset) -> bool:
    """Write the file of an asset; False where it says so already."""
    return write_text(folder / asset.path, dump_yaml(asset.data))


def placed(asset: Asset, bundle: Bundle, taken: set[str]) -> Asset:
    """The asset with a path of its own, for one that has no file yet."""
    stem = snake(str(asset.data.get("slug") or asset.title)) or asset.uuid[:8]
    place = {
        "datasets": f"datasets/{snake(asset.data.get('schema') or 'default')}",
        "charts": f"charts/{_dashboard_of(asset, bundle)}",
    }.get(asset.kind, asset.kind)
    path, number = f"{place}/{stem}.yaml", 2
    while path in taken:
        path, number = f"{place}/{stem}_{number}.yaml", number + 1
    return Asset(asset.kind, asset.data, path)


def _dashboard_of(chart: Asset, bundle: Bundle) -> str:
    for dashboard in bundle.kind("dashboards"):
        if chart.uuid in chart_uuids(dashboard.data["position"]):
            return snake(dashboard.data.get("slug") or dashboard.title)
    return "no_dashboard"


def snake(text: str) -> str:
    """A file name's stem for a title: letters, digits and underscores."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")
