"""What Superset's bundles cannot hold: annotation layers, annotations, owners, tags, queries."""

import copy
import json
from collections import defaultdict
from typing import Any

import pytest

from scripts.assets.checks.static import find_problems
from scripts.assets.client.annotation_layers import exported_layers
from scripts.assets.client.saved_queries import exported_queries
from scripts.assets.files.bundle import Files
from scripts.assets.files.yaml_text import dump_yaml
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.complete import complete
from scripts.assets.sync.pull_plan import plan_pull
from scripts.assets.sync.rest import number_of, send_owners_and_tags, send_rest
from scripts.assets.sync.server_assets import managed_assets, server_bundle
from scripts.assets.sync.server_lists import server_lists, with_existing_owners
from scripts.assets.sync.state import ServerState
from scripts.errors import UserError
from tests.unit.assets.sample_assets import ASSETS, SETTINGS, uuid_of

LAYER = {
    "name": "Feiertage / 祝日",
    "descr": "Days off",
    "annotations": [
        {"short_descr": "New year", "start_dttm": "2026-01-01T00:00:00Z",
         "end_dttm": "2026-01-02T00:00:00", "json_metadata": {"colour": "red"}},
    ],
    "version": "1.0.0",
}  # fmt: skip
LAYER_FILE, QUERY_FILE = "annotation_layers/days.yaml", "queries/sales.yaml"
QUERY = {
    "label": "Sales by region",
    "uuid": uuid_of("query"),
    "database_uuid": uuid_of("warehouse"),
    "schema": "reports",
    "sql": "select region from reports.sales",
    "version": "1.0.0",
}
EVENT = {"name": "days off", "annotationType": "EVENT", "sourceType": "NATIVE"}
LINE = {"name": "rows", "annotationType": "TIME_SERIES", "sourceType": "line"}
FORMULA = {"name": "ten", "annotationType": "FORMULA", "value": "10"}


def git(**more: dict[str, Any]) -> Bundle:
    """The sample with everything that goes over REST; `more`: fields of the chart."""
    data = copy.deepcopy(ASSETS)
    data[LAYER_FILE] = copy.deepcopy(LAYER)
    data[QUERY_FILE] = copy.deepcopy(QUERY)
    chart = data["charts/sales/by_region.yaml"]
    chart["params"]["annotation_layers"] = [
        EVENT | {"value": LAYER["name"]}, FORMULA, LINE | {"value": uuid_of("Rows")},
    ]  # fmt: skip
    # Two charts that refer to one another.
    data["charts/sales/rows.yaml"]["params"]["annotation_layers"] = [
        LINE | {"value": uuid_of("By region")}
    ]
    chart |= {"owners": ["ada", "bob@example.org"], "tags": ["Review: Q1"]} | more
    data["dashboards/sales.yaml"]["tags"] = ["Review: Q1"]
    return Files({path: (path.split("/")[0], each) for path, each in data.items()}).bundle()


class Superset:
    """A server in memory with the calls that `send_rest` uses; ids differ from those of others."""

    def __init__(self, bundle: Bundle, first_id: int) -> None:
        self.bundle, self.ids = bundle, {}
        for number, asset in enumerate(bundle, start=first_id):
            self.ids[asset.uuid] = number
        self.params: dict[int, str] = defaultdict(lambda: "{}")
        self.layers: dict[int, dict] = {}
        self.annotations: dict[int, dict[int, dict]] = defaultdict(dict)
        self.fields: dict[int, dict[str, list[int]]] = defaultdict(dict)
        self.tags = {1: "type:chart"}
        self.queries: dict[str, str] = {}
        self.next = 5000

    def lists(self) -> dict[str, list[dict[str, Any]]]:
        users = [(1, "admin", "admin@x"), (7, "ada", "ada@x"), (8, "bob", "bob@example.org")]
        rows: dict[str, list[dict[str, Any]]] = {
            "security/users": [{"id": i, "username": u, "email": e} for i, u, e in users],
            "annotation_layer": [{"id": i, **layer} for i, layer in self.layers.items()],
            "saved_query": [{"id": i, "label": "x"} for i, _ in enumerate(self.queries)],
            "database": [],
        }
        for resource in ("chart", "dataset", "dashboard"):
            rows[resource] = []
            for asset in self.bundle.kind(f"{resource}s"):
                number = self.ids[asset.uuid]
                fields = self.fields[number]
                row = {"id": number, "uuid": asset.uuid}
                row["owners"] = [{"id": each} for each in fields.get("owners", [1])]
                tags = [{"name": self.tags[each], "type": 1} for each in fields.get("tags", [])]
                if resource != "dataset":
                    row["tags"] = [*tags, {"name": "type:chart", "type": 2}]
                rows[resource].append(row)
        return rows

    def rows(self, resource: str, columns: str = "") -> list[dict[str, Any]]:
        if resource == "tag":
            return [{"id": number, "name": name} for number, name in self.tags.items()]
        layer = int(resource.split("/")[1])
        return [{"id": number} for number in self.annotations[layer]]

    def get(self, resource: str, number: int) -> dict[str, Any]:
        if resource == "chart":
            return {"params": self.params[number]}
        return self.annotations[int(resource.split("/")[1])][number]

    def create(self, resource: str, fields: dict[str, Any]) -> int:
        self.next += 1
        if resource == "annotation_layer":
            self.layers[self.next] = fields
        else:
            self.annotations[int(resource.split("/")[1])][self.next] = fields
        return self.next

    def create_tag(self, name: str) -> None:
        self.next += 1
        self.tags[self.next] = name

    def change(self, resource: str, number: int, fields: dict[str, Any]) -> None:
        if resource == "annotation_layer":
            self.layers[number] = fields
        elif "params" in fields:
            self.params[number] = fields["params"]
        else:
            self.fields[number] |= fields

    def delete(self, resource: str, number: int) -> None:
        del self.annotations[int(resource.split("/")[1])][number]

    def number(self, resource: str, uuid: str) -> int | None:
        return self.ids.get(uuid)

    def import_assets(self, files: dict[str, str]) -> None:
        self.queries = {path: text for path, text in files.items() if path.startswith("queries/")}

    def export(self, resource: str, numbers: list[int]) -> dict[str, str]:
        # Both have one label, and Superset exports one file of each name.
        texts = [list(self.queries.values())[number] for number in numbers]
        return {"queries/warehouse/x.yaml": texts[0]}

    def as_git(self, local: Bundle) -> Bundle:
        """The server in the form of git."""
        rows, files = self.lists(), {}
        for asset in self.bundle.kinds(("databases", "datasets", "charts", "dashboards")):
            data = complete(asset, self.bundle, SETTINGS)
            if asset.kind == "charts":
                data["params"] |= json.loads(self.params[self.ids[asset.uuid]])
            files[asset.path] = dump_yaml(data)
        files |= exported_layers(self, rows["annotation_layer"])
        files |= exported_queries(self, rows["saved_query"])
        lists = server_lists(rows, local, SETTINGS)
        return server_bundle(files, SETTINGS, local, None, None, lists)


def push_and_read(bundle: Bundle, server: Superset) -> Bundle:
    """The server after a push of everything, in the form of git."""
    comparable, _ = with_existing_owners(bundle, server.lists(), SETTINGS)
    state = ServerState(server, server.lists(), comparable, SETTINGS)
    send_rest(comparable, set(comparable.assets), state)
    send_owners_and_tags(comparable, state)
    return server.as_git(comparable)


@pytest.mark.parametrize("first_id", [1, 700])
def test_push_round_trip_on_any_server(first_id):
    bundle = git()
    server = Superset(bundle, first_id)
    for _ in range(2):
        result = push_and_read(bundle, server)
        assert {a.uuid: a.data for a in result} == {a.uuid: a.data for a in bundle}
    assert len(server.layers) == 1
    layers = json.loads(server.params[server.ids[uuid_of("By region")]])["annotation_layers"]
    (layer,) = server.layers
    assert [each["value"] for each in layers] == [layer, "10", server.ids[uuid_of("Rows")]]
    assert server.fields[server.ids[uuid_of("By region")]]["owners"] == [1, 7, 8]


def test_push_of_other_chart_restores_annotations():
    bundle = git()
    server = Superset(bundle, 1)
    push_and_read(bundle, server)
    server.params.clear()
    state = ServerState(server, server.lists(), bundle, SETTINGS)
    send_rest(bundle, {uuid_of("Rows")}, state)
    assert {a.uuid: a.data for a in server.as_git(bundle)} == {a.uuid: a.data for a in bundle}


def test_changed_layer_keeps_unchanged_annotations():
    bundle = git()
    server = Superset(bundle, 1)
    push_and_read(bundle, server)
    (layer,) = server.layers
    (first,) = server.annotations[layer]
    annotations = bundle.get(f"annotation_layers/{LAYER['name']}").data["annotations"]
    annotations.append({"short_descr": "Easter", "start_dttm": "2026-04-05T00:00:00",
                        "end_dttm": "2026-04-06T00:00:00"})  # fmt: skip
    push_and_read(bundle, server)
    assert [each for each in server.annotations[layer] if each == first]
    assert len(server.annotations[layer]) == 2


def test_layer_belongs_to_charts_that_use_it():
    bundle, layer = git(), f"annotation_layers/{LAYER['name']}"
    without = bundle.only({asset.uuid for asset in bundle} - {layer})
    (asset,) = plan_pull(without, managed_assets(bundle, without), without).written.values()
    assert asset.path == "annotation_layers/feiertage.yaml"
    (problem,) = find_problems(Files({a.path: (a.kind, a.data) for a in without}))
    assert f"the annotation layer {LAYER['name']} is not in a file" in str(problem)


def test_annotation_with_missing_source_is_left_out():
    bundle = git()
    server = Superset(bundle, 1)
    layers = [EVENT | {"value": 99}, FORMULA, LINE | {"value": 98}]
    server.params[server.ids[uuid_of("By region")]] = json.dumps({"annotation_layers": layers})
    chart = server.as_git(bundle).get(uuid_of("By region"))
    assert chart.data["params"]["annotation_layers"] == [FORMULA]


def test_duplicate_layer_names_are_error():
    bundle = git()
    server = Superset(bundle, 1)
    for _ in range(2):
        server.create("annotation_layer", {"name": LAYER["name"], "descr": ""})
    state = ServerState(server, server.lists(), bundle, SETTINGS)
    with pytest.raises(UserError, match=r"2 annotation layers named .*rename all but one"):
        number_of(bundle.kind("annotation_layers")[0], state)


def test_queries_with_same_label_are_all_read():
    bundle = git()
    server = Superset(bundle, 1)
    second = QUERY | {"uuid": uuid_of("second")}
    server.queries = {"queries/a.yaml": dump_yaml(QUERY), "queries/b.yaml": dump_yaml(second)}
    queries = server.as_git(bundle).kind("queries")
    assert {each.uuid for each in queries} == {uuid_of("query"), uuid_of("second")}
    state = ServerState(server, server.lists(), bundle, SETTINGS)
    assert number_of(bundle.kind("queries")[0], state) == 0


def test_unknown_owner_is_reported_and_kept_in_git():
    bundle = git(owners=["ada", "admin", "nobody@example.org"])
    server = Superset(bundle, 1)
    comparable, missing = with_existing_owners(bundle, server.lists(), SETTINGS)
    assert missing == {"nobody@example.org": ['chart "By region"']}
    assert comparable.get(uuid_of("By region")).data["owners"] == ["ada"]
    result = push_and_read(bundle, server)
    assert result.get(uuid_of("By region")).data == comparable.get(uuid_of("By region")).data
    # A pull compares with the file as it is, and leaves the owner there.
    assert not plan_pull(bundle, result, result)


@pytest.mark.parametrize(
    ("path", "change", "expected"),
    [
        (LAYER_FILE, {"annotations": [{"short_descr": "x"}]}, "start_dttm is missing"),
        (LAYER_FILE, {"name": None}, "name must be text"),
        (QUERY_FILE, {"sql": 1}, "sql must be text"),
        (QUERY_FILE, {"database_uuid": uuid_of("x")}, "is not in a file below databases/"),
        ("charts/sales/rows.yaml", {"owners": "ada"}, "owners must be a list"),
        ("charts/sales/rows.yaml", {"tags": [1]}, "tags must hold texts"),
        ("dashboards/sales.yaml", {"tags": ["x" * 251]}, "tags holds a text of 251 characters"),
    ],
)
def test_invalid_file_is_reported(path, change, expected):
    data = {asset.path: (asset.kind, dict(asset.data)) for asset in git()}
    data[path] = (data[path][0], data[path][1] | change)
    assert any(expected in str(problem) for problem in find_problems(Files(data)))


def test_user_of_repository_can_own_new_chart():
    bundle = git(owners=["eve"])
    entry = Asset("users", {"username": "eve", "email": "eve@example.org"})
    comparable, missing = with_existing_owners(
        bundle | Bundle.of([entry]), Superset(bundle, 1).lists(), SETTINGS
    )
    assert missing == {}
    assert comparable.get(uuid_of("By region")).data["owners"] == ["eve"]


def test_duplicate_database_names_are_reported():
    data = {asset.path: (asset.kind, dict(asset.data)) for asset in git()}
    kind, database = data["databases/warehouse.yaml"]
    data["databases/second.yaml"] = (kind, database | {"uuid": uuid_of("second")})
    (problem,) = find_problems(Files(data))
    assert 'the name "warehouse" is also that of databases/' in str(problem)
