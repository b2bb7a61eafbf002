"""A copy of the project with a few of its dashboards.

Commands take half the time with them, and most tests of push and pull need no more.
"""

from pathlib import Path

import yaml

from scripts.assets.access.file import FILE, read_access, write_access
from scripts.assets.checks.exposures import HEAD
from scripts.assets.files.bundle import FOLDER, read_files
from scripts.assets.files.dbt_relations import EXPOSURES
from scripts.assets.model.asset import Bundle
from scripts.assets.sync.server_assets import managed_assets

# Their charts are of all types that the project has.
FEW = ("business", "quality_classification", "segments")


def keep_few_dashboards(root: Path) -> None:
    """Remove all other dashboards from a copy of the project, and what these alone use."""
    folder = root / FOLDER
    bundle = read_files(folder).bundle()
    dashboards = [each for each in bundle.kind("dashboards") if each.data["slug"] in FEW]
    rest = managed_assets(bundle, Bundle.of(dashboards))
    types = {chart.data["viz_type"] for chart in bundle.kind("charts")}
    assert types == {chart.data["viz_type"] for chart in rest.kind("charts")}
    for asset in bundle:
        if asset.uuid not in rest:
            (folder / asset.path).unlink()
    access = yaml.safe_load((folder / FILE).read_text(encoding="utf-8"))
    access["dashboards"] = {slug: access["dashboards"][slug] for slug in FEW}
    for row_filter in access["row_filters"].values():
        row_filter["datasets"] = [uuid for uuid in row_filter["datasets"] if uuid in rest]
    (folder / FILE).write_text(yaml.safe_dump(access), encoding="utf-8")
    entries, problems = read_access(folder, rest)
    assert problems == []
    write_access(folder, entries, rest)
    keep_few_exposures(root / "dbt" / EXPOSURES)


def keep_few_exposures(file: Path) -> None:
    """Remove the other dashboards from the file that `make describe` writes, in its form."""
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    content["exposures"] = [each for each in content["exposures"] if each["name"] in FEW]
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    file.write_text(HEAD + text, encoding="utf-8")
