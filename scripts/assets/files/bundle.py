"""The folder of the assets: reading it, writing it, and naming new files."""

import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from scripts.assets.files.theme import FILE as THEME
from scripts.assets.files.theme import imports_theme, read_theme, with_theme, without_theme
from scripts.assets.files.yaml_text import dump_yaml, load_yaml, write_text
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.fields import KINDS
from scripts.assets.model.layout import chart_uuids
from scripts.assets.model.normalise import canonical_bundle
from scripts.assets.model.problems import Problem, Rule

FOLDER = "superset_assets"
# What the files of the folder are called; the last is the theme's.
SUFFIXES = (".yaml", ".yml", ".css")
# The largest file here has some 20 kB; a text of megabytes would keep a browser busy for minutes.
MAX_BYTES = 2_000_000
# The longest stem of a new file's name; file systems allow 255 bytes for the whole name.
_STEM = 100


@dataclass
class Files:
    """The content of the folder: the data of each readable file, and the problems of the others."""

    data: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    # The style sheet that dashboards share.
    theme: str = ""

    def bundle(self) -> Bundle:
        """The assets in canonical form (the files must have passed the checks of their schema).

        A dashboard that imports the theme holds its text, as it does in Superset.
        """
        assets = [
            (kind, path, with_theme(data, self.theme) if kind == "dashboards" else data)
            for path, (kind, data) in self.data.items()
        ]
        return Bundle.of([Asset(kind, data, path) for kind, path, data in canonical_bundle(assets)])


def read_files(folder: Path) -> Files:
    """Read every YAML file below the four folders of assets."""
    files = Files()
    try:
        if (folder / THEME).exists() and (folder / THEME).stat().st_size > MAX_BYTES:
            raise OSError(f"it has more than {MAX_BYTES:,} bytes")
        files.theme = read_theme(folder)
    except (OSError, UnicodeDecodeError) as error:
        message = f"cannot be read ({error})"
        remedy = "shorten it, and save it as UTF-8"
        files.problems.append(Problem(THEME, message, remedy, Rule.UNREADABLE))
    for kind in KINDS:
        for file in sorted((folder / kind).rglob("*.y*ml")):
            path = file.relative_to(folder).as_posix()
            try:
                size = file.stat().st_size
                if size > MAX_BYTES:
                    message = f"has {size:,} bytes, and the limit is {MAX_BYTES:,}"
                    remedy = "shorten its longest text"
                    files.problems.append(Problem(path, message, remedy, Rule.UNREADABLE))
                    continue
                data = load_yaml(file.read_text(encoding="utf-8"))
            except yaml.YAMLError as error:
                message = yaml_problem(error)
                files.problems.append(Problem(path, message, "fix the YAML", Rule.UNREADABLE))
                continue
            except (OSError, UnicodeDecodeError) as error:
                files.problems.append(
                    Problem(path, f"cannot be read ({error})", "fix the file", Rule.UNREADABLE)
                )
                continue
            if isinstance(data, dict):
                files.data[path] = (kind, data)
                if kind == "dashboards" and imports_theme(data) and not files.theme:
                    message = f"css imports {THEME}, which is missing or empty"
                    remedy = f"add {THEME} to the folder, or remove the line"
                    files.problems.append(Problem(path, message, remedy, Rule.DANGLING_REFERENCE))
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


def yaml_problem(error: yaml.YAMLError) -> str:
    """The line and the reason of a YAML error."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    text = getattr(error, "problem", None) or str(error)
    return f"line {mark.line + 1}: {text}" if mark else text


def write_asset(folder: Path, asset: Asset) -> bool:
    """Write the file of an asset; False where it has this content already."""
    return write_text(folder / asset.path, file_text(asset, read_theme(folder)))


def file_text(asset: Asset, theme: str) -> str:
    """The text of an asset's file; `theme`: the style sheet that dashboards share."""
    is_dashboard = asset.kind == "dashboards"
    return dump_yaml(without_theme(asset.data, theme) if is_dashboard else asset.data)


def with_path(asset: Asset, bundle: Bundle, taken_paths: set[str]) -> Asset:
    """The asset with an unused path, for an asset without a file."""
    stem = snake(str(asset.data.get("slug") or asset.title))[:_STEM] or snake(asset.uuid[:8])
    folder = {
        "datasets": f"datasets/{snake(asset.data.get('schema') or '')[:_STEM] or 'default'}",
        "charts": f"charts/{_dashboard_of(asset, bundle)}",
    }.get(asset.kind, asset.kind)
    path, number = f"{folder}/{stem}.yaml", 2
    while path in taken_paths:
        path, number = f"{folder}/{stem}_{number}.yaml", number + 1
    return Asset(asset.kind, asset.data, path)


def _dashboard_of(chart: Asset, bundle: Bundle) -> str:
    for dashboard in bundle.kind("dashboards"):
        if chart.uuid in chart_uuids(dashboard.data["position"]):
            return snake(dashboard.data.get("slug") or dashboard.title)[:_STEM] or chart.uuid[:8]
    return "no_dashboard"


def snake(text: str) -> str:
    """A file name's stem for a title: letters, digits and underscores."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", ascii_text.lower()).strip("_")
