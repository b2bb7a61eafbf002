"""Push and pull of what Superset's bundles lack: annotations, owners, tags, saved queries."""

import json

import yaml

EVENT = {"name": "days off", "annotationType": "EVENT", "sourceType": "NATIVE"}
LINE = {"name": "another chart", "annotationType": "TIME_SERIES", "sourceType": "line"}


def on_one_dashboard(project) -> tuple[dict, dict]:
    """Two charts of one dashboard: a push of one imports the other too."""
    folder = next(each for each in sorted((project.folder / "charts").iterdir()))
    first, second = sorted(folder.glob("*.yaml"))[:2]
    return yaml.safe_load(first.read_text()), yaml.safe_load(second.read_text())


def test_assets_outside_export_are_pulled_and_survive_push_of_other_chart(project):
    superset = project.superset
    first, second = on_one_dashboard(project)
    chart, other = (superset.number("chart", each["uuid"]) for each in (first, second))
    layer = superset.create("annotation_layer", {"name": "Days off / 祝日", "descr": "Closed"})
    superset.create(
        f"annotation_layer/{layer}/annotation",
        {"short_descr": "New year", "start_dttm": "2026-01-01T00:00:00",
         "end_dttm": "2026-01-02T00:00:00", "json_metadata": '{"colour": "red"}'},
    )  # fmt: skip
    params = json.loads(superset.get("chart", chart)["params"])
    params["annotation_layers"] = [EVENT | {"value": layer}, LINE | {"value": other}]
    users = {row["username"]: row["id"] for row in superset.rows("security/users", "id,username")}
    superset.create_tag("Review: Q1")
    tag = next(row["id"] for row in superset.rows("tag", "id,name") if row["name"] == "Review: Q1")
    owners = [users["admin"], users["analyst"]]
    fields = {"params": json.dumps(params), "owners": owners, "tags": [tag]}
    superset.change("chart", chart, fields)
    database = superset.rows("database")[0]["id"]
    query = {"db_id": database, "label": "Sales", "schema": "reports", "sql": "select 1"}
    superset.create("saved_query", query)

    assert "new annotation layer" in project.run("pull")
    project.run("pull", IMPORT="Sales")
    assert "No difference" in project.run("plan")
    files = project.files()
    chart_data = next(
        yaml.safe_load(t) for t in files.values() if first["uuid"] in t.split("\nparams")[0]
    )
    values = [each["value"] for each in chart_data["params"]["annotation_layers"]]
    assert values == ["Days off / 祝日", second["uuid"]]
    assert (chart_data["owners"], chart_data["tags"]) == (["analyst"], ["Review: Q1"])
    assert yaml.safe_load(files["queries/sales.yaml"])["sql"] == "select 1"

    sibling = next(path for path, t in files.items() if f"\nuuid: {second['uuid']}\n" in t)
    project.edit(project.folder / sibling, description="Pushed beside it.")
    layer_file = project.folder / "annotation_layers" / "days_off.yaml"
    annotations = yaml.safe_load(layer_file.read_text())["annotations"]
    annotations.append(annotations[0] | {"short_descr": "Easter"})
    project.edit(layer_file, annotations=annotations)
    project.edit(project.folder / "queries" / "sales.yaml", sql="select 2")
    project.run("push")
    assert "No difference" in project.run("plan")
    params = json.loads(superset.get("chart", chart)["params"])
    assert [each["value"] for each in params["annotation_layers"]] == [layer, other]
    rows = superset.rows(f"annotation_layer/{layer}/annotation", "id,short_descr")
    assert {row["short_descr"] for row in rows} == {"Easter", "New year"}
    # The fixture gives all of it up, and prunes it.


def test_foreign_bundle_is_imported_and_pushed_without_difference(project, tmp_path):
    number = project.superset.number("dashboard", "segments")
    files = project.superset.export("dashboard", [number])
    uuids = {
        yaml.safe_load(t)["uuid"] for p, t in files.items() if p.startswith(("charts", "dash"))
    }
    for path, text in files.items():
        for uuid in uuids:
            # As another team would have made it: assets of their own on the same tables.
            text = text.replace(uuid, f"{uuid[:-4]}0123")
        file = tmp_path / "their_export" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    before = project.files()
    output = project.run("import", FROM=str(tmp_path))
    new = project.files().keys() - before.keys()
    assert {path.split("/")[0] for path in new} == {"charts", "dashboards"}
    assert "dashboards/segments_2.yaml" in new
    assert f"{len(new)} files written" in output
    assert "created dashboard" in project.run("push")
    assert "No difference" in project.run("plan")
