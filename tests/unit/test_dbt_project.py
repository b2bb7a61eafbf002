"""The dbt project in dbt's manifest: consistent lists, descriptions, and layers."""

from pathlib import Path

from scripts.dbt_nodes import FEATURE_GROUPS, ML_MODELS, PREDICTED_MODELS, node_names

LAYERS = ["staging", "vault", "marts", "features", "ml", "predictions", "reports"]


def models(manifest: dict) -> dict[str, dict]:
    result = {k: n for k, n in manifest["nodes"].items() if n["resource_type"] == "model"}
    assert result
    return result


def test_registry_reports_depend_on_every_model_node(manifest: dict) -> None:
    nodes = {
        node["name"]
        for node in models(manifest).values()
        if node["config"]["materialized"] == "ml_model"
    }
    # A report on the registry depends on every model node.
    report = models(manifest)["model.glasshouse.rpt_class_balance"]
    waited_for = {
        name.rpartition(".")[2]
        for name in report["depends_on"]["nodes"]
        if models(manifest).get(name, {}).get("path", "").startswith("ml/")
    }
    assert len(nodes) >= 4
    assert nodes == waited_for


def test_models_and_columns_have_descriptions(manifest: dict) -> None:
    descriptions = [
        *models(manifest).values(),
        *(n for n in manifest["nodes"].values() if n["resource_type"] == "seed"),
        *manifest["sources"].values(),
        *manifest["functions"].values(),
    ]
    assert [node["name"] for node in descriptions if not node["description"].strip()] == []
    assert [
        f"{node['name']}.{column['name']}"
        for node in models(manifest).values()
        for column in node["columns"].values()
        if not column["description"].strip()
    ] == []
    assert [
        f"{function['name']}({argument['name']})"
        for function in manifest["functions"].values()
        for argument in function["arguments"]
        if not (argument["description"] or "").strip()
    ] == []


def test_models_have_tests(manifest: dict) -> None:
    names = {
        node.get("attached_node")
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
    }
    assert sorted(set(models(manifest)) - names) == []


def test_model_nodes_have_quality_test_and_owner(manifest: dict) -> None:
    gates = {
        node.get("attached_node")
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
        and node.get("test_metadata", {}).get("name") in ("metric_at_least", "beats_baseline")
    }
    nodes = {
        name: node
        for name, node in models(manifest).items()
        if node["config"]["materialized"] == "ml_model"
    }
    assert len(nodes) >= 4
    for name, node in nodes.items():
        assert name in gates, f"{name} has no quality gate"
        assert node["config"]["meta"].get("owner"), f"{name} has no owner"


def test_layers_read_only_earlier_layers(manifest: dict) -> None:
    def layer(node: dict) -> int:
        return LAYERS.index(Path(node["path"]).parts[0])

    result = models(manifest)
    references = [
        f"{node['name']} reads {result[parent]['name']}"
        for node in result.values()
        for parent in node["depends_on"]["nodes"]
        if parent in result and layer(result[parent]) > layer(node)
    ]
    assert references == []


def test_only_staging_reads_sources(manifest: dict) -> None:
    """The registry is the engine's and is read where its facts are turned into reports."""
    references = [
        f"{node['name']} reads {parent}"
        for node in models(manifest).values()
        for parent in node["depends_on"]["nodes"]
        if parent.startswith("source.")
        and ".ml." not in parent
        and Path(node["path"]).parts[0] != "staging"
    ]
    assert references == []


def test_feature_groups_are_in_training_and_current_rows(manifest: dict) -> None:
    """A file in the folder is a feature: of what is learned from, and of what is predicted."""
    result = models(manifest)
    groups = {
        name for name, node in result.items() if node["fqn"][1:-1] == ["features", "customer"]
    }
    assert len(groups) >= 5
    for rows in ("feat_customer__training", "feat_customer__current"):
        dependencies = set(result[f"model.glasshouse.{rows}"]["depends_on"]["nodes"])
        assert groups <= dependencies, rows


def test_node_names_come_from_folders(tmp_path: Path) -> None:
    models = tmp_path / "dbt" / "models"
    for file in (
        "features/feat_customer__training.sql",
        "features/customer/feat_customer__rfm.sql",
        "features/customer/feat_customer__rfm.yml",
        "features/customer/feat_customer__mood.sql",
        "ml/churn.sql",
        "ml/churn.yml",
        "ml/team/prices.sql",
        "predictions/pred_churn.sql",
    ):
        (models / file).parent.mkdir(parents=True, exist_ok=True)
        (models / file).touch()
    assert node_names(tmp_path) == {
        FEATURE_GROUPS: "feat_customer__mood feat_customer__rfm",
        ML_MODELS: "churn prices",
        PREDICTED_MODELS: "churn",
    }


def test_node_names_of_versions_and_disabled_models(tmp_path: Path) -> None:
    ml = tmp_path / "dbt" / "models" / "ml"
    ml.mkdir(parents=True)
    for name in ("risk_v1", "risk", "other_file", "plain", "switched_off"):
        (ml / f"{name}.sql").write_text("select 1 as a")
    (ml / "off.sql").write_text("{{ config(task='regression', enabled=False) }} select 1 as a")
    (ml / "risk.yml").write_text("""
models:
  - name: risk
    latest_version: 3
    versions: [{v: 1}, {v: 2, defined_in: other_file}, {v: 3}]
  - {name: switched_off, config: {enabled: false}}
""")
    (ml / "broken.yml").write_text("models: [")
    (ml / "empty.yml").write_text("")
    (tmp_path / "dbt" / "models" / "predictions").mkdir()
    (tmp_path / "dbt" / "models" / "predictions" / "pred_risk.sql").touch()
    names = node_names(tmp_path)
    assert names[ML_MODELS] == "plain risk.v1 risk.v2 risk.v3"
    assert names[PREDICTED_MODELS] == "risk"


def test_feature_groups_have_owner_and_labels(manifest: dict) -> None:
    groups = [
        node for node in models(manifest).values() if node["fqn"][1:-1] == ["features", "customer"]
    ]
    assert len(groups) >= 5
    for node in groups:
        meta = node["config"]["meta"]
        assert meta.get("owner") and meta.get("feature_group"), node["name"]
        for name, column in node["columns"].items():
            if name not in ("customer_key", "as_of"):
                reason = column["config"]["meta"].get("reason", "")
                assert "{}" in reason, f"{node['name']}.{name}"
