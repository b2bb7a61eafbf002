"""The example charts of Superset's package survive import, export and import without loss."""

import copy
from dataclasses import replace

import pytest

from scripts.assets.client import preset
from scripts.assets.files.yaml_text import dump_yaml, load_yaml
from scripts.assets.model.asset import Bundle
from scripts.assets.model.complete import complete
from scripts.assets.model.diff import differences
from scripts.assets.model.params import IGNORED_FIELDS, canonical_params
from scripts.assets.sync.server_assets import server_bundle
from tests.e2e.wheel_examples import bundle_of, read_examples


# The other tests do the same with charts of the types that the project has.
@pytest.mark.slow
def test_superset_examples_round_trip(project):
    settings, superset = project.stack.settings, project.superset
    examples = read_examples()
    example_bundle = bundle_of(copy.deepcopy(examples))
    assert len(example_bundle.kind("charts")) >= 100
    assert len(example_bundle.kind("dashboards")) >= 8
    uuids = {asset.uuid for asset in example_bundle}

    def send(bundle: Bundle) -> None:
        files = {each.path: dump_yaml(complete(each, bundle, settings)) for each in bundle}
        with preset.Importer(settings) as importer:
            importer.sync(files)

    try:
        send(example_bundle)
        first = superset.export()
        live = server_bundle(first, settings, example_bundle).only(uuids)
        assert [str(each) for each in differences(example_bundle, live)] == []
        # No choice of a chart's author is lost on the way, not even one that git need not hold.
        exported_data = {
            data["uuid"]: data for data in map(load_yaml, first.values()) if "uuid" in data
        }
        for kind, path, data in examples:
            if kind == "charts":
                params = exported_data[data["uuid"]]["params"]
                for name, value in canonical_params(data["params"]).items():
                    if name.startswith("adhoc_filters"):
                        # The editor's own filter of time may stand beside them, as after a save.
                        assert all(each in params[name] for each in value), f"{path}: {name}"
                    elif value not in (None, [], {}):
                        assert params.get(name) == value, f"{path}: {name}"
                gaps = {
                    name for name, value in data["params"].items()
                    if name not in {*params, *IGNORED_FIELDS} and value not in (None, [], {})
                }  # fmt: skip
                assert {name for name in gaps if not name.startswith("matrixify_")} == set(), path
        # What was exported and normalised is itself something that can be imported.
        send(Bundle.of([replace(each, path=example_bundle.get(each.uuid).path) for each in live]))
        second_bundle = server_bundle(superset.export(), settings, example_bundle).only(uuids)
        assert [str(each) for each in differences(live, second_bundle)] == []
    finally:
        for kind in ("dashboards", "charts", "datasets", "databases"):
            resource = kind.removesuffix("s")
            result = [superset.number(resource, asset.uuid) for asset in example_bundle.kind(kind)]
            numbers = [number for number in result if number is not None]
            if numbers and resource == "database":
                superset.delete(resource, numbers[0])
            elif numbers:
                superset.delete_many(resource, numbers)
