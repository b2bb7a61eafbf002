"""Which of Superset's assets are exported; tests/e2e/test_sync.py compares with a full export."""

from dataclasses import dataclass, field

from scripts.assets.client.exports import exported

UUIDS = {
    name: f"00000000-0000-4000-8000-{number:012}"
    for number, name in enumerate(
        ("board", "theirs", "chart", "guest", "stranger", "sales", "visits", "filtered", "other")
    )
}
DATASETS = ("sales", "visits", "filtered", "other")
# Our dashboard shows our chart and one that somebody has put there; a stranger stands elsewhere.
USES = {"chart": "sales", "guest": "visits", "stranger": "other"}
ON = {"chart": [1], "guest": [1], "stranger": [2]}
ROWS = {
    "database": [],
    "dataset": [{"id": number, "uuid": UUIDS[name]} for number, name in enumerate(DATASETS)],
    "dashboard": [
        {"id": number, "uuid": UUIDS[name], "changed_on_utc": "now"}
        for number, name in enumerate(("board", "theirs"), start=1)
    ],
    "chart": [
        {"id": number, "uuid": UUIDS[name], "changed_on_utc": "now", "dashboards": boards}
        for number, (name, boards) in enumerate(
            (name, [{"id": board} for board in ON[name]]) for name in USES
        )
    ],
}


@dataclass
class Server:
    """Answers an export with the files that belong to the numbers asked for."""

    url: str = "http://127.0.0.1:1"
    requests: list[tuple[str, list[int]]] = field(default_factory=list)

    def export(self, resource: str, numbers: list[int]) -> dict[str, str]:
        self.requests.append((resource, list(numbers)))
        rows = {row["id"]: row["uuid"] for row in ROWS[resource]}
        return {f"{resource}s/{n}.yaml": self._text(resource, rows[n]) for n in numbers}

    @staticmethod
    def _text(resource: str, uuid: str) -> str:
        name = next(name for name, each in UUIDS.items() if each == uuid)
        if resource == "chart":
            return f"slice_name: {name}\nuuid: {uuid}\ndataset_uuid: {UUIDS[USES[name]]}\n"
        if name == "board":
            return f"uuid: {uuid}\nmetadata:\n  targets:\n  - datasetUuid: {UUIDS['filtered']}\n"
        return f"uuid: {uuid}\n"

    def datasets(self) -> list[int]:
        """The last datasets that were asked for."""
        return [numbers for resource, numbers in self.requests if resource == "dataset"][-1]


def test_unused_datasets_are_not_exported(settings) -> None:
    server, managed = Server(), {UUIDS["board"], UUIDS["chart"]}
    files = exported(server, ROWS, settings, managed)
    assert [DATASETS[number] for number in server.datasets()] == ["sales", "visits", "filtered"]
    assert len(files) == len(ROWS["chart"]) + len(ROWS["dashboard"]) + 3
    assert exported(server, ROWS, settings, managed | {UUIDS["other"]}).keys() > files.keys()


def test_dataset_of_annotation_chart_is_exported(settings, monkeypatch) -> None:
    text, server = Server._text, Server()
    # The chart shows a stranger's data, and that one shows the chart's: a circle.
    sources = {UUIDS["chart"]: 2, UUIDS["stranger"]: 0}

    def with_annotation(resource: str, uuid: str) -> str:
        layer = (
            f"params: {{annotation_layers: [{{\n sourceType: line, value: {sources.get(uuid)}}}]}}"
        )
        return text(resource, uuid) + (layer if uuid in sources else "")

    monkeypatch.setattr(Server, "_text", staticmethod(with_annotation))
    exported(server, ROWS, settings, {UUIDS["chart"]})
    assert [DATASETS[number] for number in server.datasets()] == ["sales", "other"]


def test_unmanaged_assets_need_all_datasets(settings) -> None:
    server = Server()
    exported(server, ROWS, settings)
    assert len(server.datasets()) == len(DATASETS)


def test_unchanged_assets_are_not_exported_again(settings) -> None:
    server = Server()
    first = exported(server, ROWS, settings)
    server.requests.clear()
    assert exported(server, ROWS, settings) == first
    assert {resource for resource, _ in server.requests} == {"dataset"}
    chart_rows = [
        row | {"changed_on_utc": "later"} if row["id"] == 1 else row for row in ROWS["chart"]
    ]
    exported(server, ROWS | {"chart": chart_rows}, settings)
    assert ("chart", [1]) in server.requests
