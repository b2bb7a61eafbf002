"""`describe` in a copy of the project, with dbt itself and the real warehouse."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from scripts.assets.checks.describe import describe
from scripts.assets.files import dbt_relations as relations
from scripts.dbt_nodes import node_names
from scripts.errors import UserError
from scripts.settings import ROOT

DATASET = Path("superset_assets", "datasets", "reports", "rpt_class_balance.yaml")
EXPOSURES = Path("dbt", relations.EXPOSURES)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What describe reads and writes of a project."""
    root = tmp_path_factory.mktemp("project")
    ignore_names = shutil.ignore_patterns("__pycache__", "target", "logs")
    for folder in ("dbt", "udf/functions", "superset_assets"):
        shutil.copytree(ROOT / folder, root / folder, ignore=ignore_names)
    return root


def test_missing_column_is_restored_and_dbt_accepts_exposures(
    project: Path, warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, file = project / ".stack", project / DATASET
    # What stands there is not read: a model that is gone would otherwise stop dbt.
    (project / EXPOSURES).write_text("exposures: [{name: x, depends_on: [ref('gone')]}]")
    describe(project, state, warehouse.dsn("transformer"))
    text = file.read_text()
    data = yaml.safe_load(text)
    removed_column = next(column for column in data["columns"] if column["type"] == "BIGINT")
    data["columns"].remove(removed_column)
    data["description"] = "Words that are not dbt's."
    file.write_text(yaml.safe_dump(data, sort_keys=False))

    monkeypatch.setattr(relations, "_parse", None)  # nothing of dbt has changed: not read again
    with pytest.raises(UserError, match="whose types only the running warehouse has"):
        describe(project, state, None)
    paths = describe(project, state, warehouse.dsn("transformer"))
    assert paths == [DATASET.as_posix()]
    data_after = yaml.safe_load(file.read_text())
    result = next(
        c for c in data_after["columns"] if c["column_name"] == removed_column["column_name"]
    )
    assert result == removed_column | {"verbose_name": result["verbose_name"]}
    assert data_after["description"] == yaml.safe_load(text)["description"]
    assert describe(project, state, None) == []

    target = project / "target"
    dbt = [Path(sys.executable).with_name("dbt"), "parse", "--project-dir", project / "dbt"]
    dbt += ["--profiles-dir", project / "dbt", "--target-path", target, "--log-path", target]
    settings = {"POSTGRES_PORT": "1", "TRANSFORMER_PASSWORD": "x", "POSTGRES_PASSWORD": "x"}
    settings |= {"SUPERSET_PORT": "8089", **node_names(project)}
    subprocess.run(dbt, check=True, capture_output=True, env=settings)
    exposures = json.loads((target / "manifest.json").read_text())["exposures"].values()
    slugs = {
        yaml.safe_load(each.read_text())["slug"]
        for each in (project / "superset_assets" / "dashboards").glob("*.yaml")
    }
    assert {each["name"] for each in exposures} == slugs
    for each in exposures:
        assert each["url"] == f"http://127.0.0.1:8089/superset/dashboard/{each['name']}/"
        assert each["depends_on"]["nodes"]


def test_invalid_dbt_project_is_one_line_error(project: Path) -> None:
    (project / "dbt" / "models" / "reports" / "broken.sql").write_text("{{ no_such_macro( }}")
    with pytest.raises(UserError, match=r"dbt cannot read its project: .*broken"):
        describe(project, project / ".stack", None)
