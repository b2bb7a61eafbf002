"""Rules between files: every reference has exactly one target."""

from collections import defaultdict
from collections.abc import Iterable

from scripts.assets.model.annotations import referenced_charts, referenced_layers
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.layout import ROOT, components, walk
from scripts.assets.model.problems import Problem, Rule


def reference_problems(bundle: Bundle) -> list[Problem]:
    """References without a target, and duplicate slugs."""
    problems = []
    for dataset in bundle.kind("datasets"):
        problems += _missing(bundle, dataset, "databases", "database_uuid", dataset.data)
    for query in bundle.kind("queries"):
        problems += _missing(bundle, query, "databases", "database_uuid", query.data)
    for chart in bundle.kind("charts"):
        problems += _missing(bundle, chart, "datasets", "dataset_uuid", chart.data)
        problems += _annotations(bundle, chart)
    for dashboard in bundle.kind("dashboards"):
        problems += _layout(bundle, dashboard) + _settings(bundle, dashboard)
    return problems + _slugs(bundle) + _database_names(bundle)


def duplicate_identities(assets: list[tuple[str, str]]) -> list[Problem]:
    """Files (path, identity) that share an identity: the later would replace the earlier."""
    paths = defaultdict(list)
    for path, identity in assets:
        paths[identity].append(path)
    return [
        Problem(
            path,
            f"has the same {word} as {shared[0]}",
            f"give one of the two a new {word}",
            Rule.REPEATED_UUID,
        )
        for identity, shared in paths.items()
        for word in ["name" if "/" in identity else "uuid"]
        for path in shared[1:]
    ]


def _missing(bundle: Bundle, asset: Asset, kind: str, name: str, data: dict) -> list[Problem]:
    target = bundle.get(data[name])
    if target is not None and target.kind == kind:
        return []
    return [
        Problem(
            asset.path,
            f"{name} {data[name]} is not in a file below {kind}/",
            f"write the uuid of a file in {kind}/, or add that file",
            Rule.DANGLING_REFERENCE,
        )
    ]


def _annotations(bundle: Bundle, chart: Asset) -> list[Problem]:
    """Annotations of a layer or chart that has no file."""
    params = chart.data["params"]
    missing = [
        (f"the annotation layer {name}", "annotation_layers/", "name")
        for name in referenced_layers(params)
        if f"annotation_layers/{name}" not in bundle
    ] + [
        (f"the chart {uuid}", "charts/", "uuid")
        for uuid in referenced_charts(params)
        if bundle.get(str(uuid).lower()) not in bundle.kind("charts")
    ]
    return [
        Problem(
            chart.path,
            f"params.annotation_layers: {target} is not in a file below {folder}",
            f"write the {name} of a file in {folder}, or remove the annotation",
            Rule.DANGLING_REFERENCE,
        )
        for target, folder, name in missing
    ]


def _layout(bundle: Bundle, dashboard: Asset) -> list[Problem]:
    nodes = components(dashboard.data["position"])
    problems = []

    def add(message: str, remedy: str, rule: Rule = Rule.BROKEN_LAYOUT) -> None:
        problems.append(Problem(dashboard.path, message, remedy, rule))

    if nodes.get(ROOT, {}).get("type") != "ROOT":
        add("position has no ROOT_ID", "add ROOT_ID with type ROOT and its children")
        return problems
    parents = defaultdict(list)
    for key, node in nodes.items():
        for child in node.get("children") or []:
            parents[child].append(key)
            if child not in nodes:
                add(f"position.{key} names {child}, which does not exist", f"add or remove {child}")
    for child, parent_keys in parents.items():
        if len(parent_keys) > 1:
            add(f"position.{child} is in {' and '.join(parent_keys)}", "keep it in one of them")
    reachable = set(walk(nodes))
    for key, node in nodes.items():
        if key not in reachable and key != "GRID_ID":
            add(
                f"position.{key} is not in a row or tab",
                "add it to the children of one, or remove it",
            )
        if node["type"] != "CHART":
            continue
        uuid = node["meta"]["uuid"]
        chart = bundle.get(uuid)
        if chart is None or chart.kind != "charts":
            add(
                f"position.{key} shows the chart {uuid}, which is not in a file below charts/",
                "write the uuid of a file in charts/, or remove the component",
                Rule.DANGLING_REFERENCE,
            )
    return problems


def _settings(bundle: Bundle, dashboard: Asset) -> list[Problem]:
    problems = []
    for entry in dashboard.data.get("metadata", {}).get("native_filter_configuration", []):
        for target in entry.get("targets") or []:
            uuid = str(target.get("datasetUuid", "")).lower()
            dataset = bundle.get(uuid)
            if "datasetUuid" in target and (dataset is None or dataset.kind != "datasets"):
                problems.append(
                    Problem(
                        dashboard.path,
                        f"the filter {entry.get('name') or entry.get('id')} reads the dataset "
                        f"{uuid}, which is not in a file below datasets/",
                        "write the uuid of a file in datasets/",
                        Rule.DANGLING_REFERENCE,
                    )
                )
            elif "datasetId" in target:
                problems.append(
                    Problem(
                        dashboard.path,
                        f"the filter {entry.get('name') or entry.get('id')} names its dataset by "
                        "a number, which differs on each server",
                        "write datasetUuid with the dataset's uuid instead",
                        Rule.NUMBERED_DATASET,
                    )
                )
    return problems


def _database_names(bundle: Bundle) -> list[Problem]:
    return _repeated(
        [(database.title, database.path) for database in bundle.kind("databases")],
        "name",
        "choose another: Superset has no two databases of one name",
        Rule.REPEATED_NAME,
    )


def _slugs(bundle: Bundle) -> list[Problem]:
    return _repeated(
        [(dashboard.data["slug"], dashboard.path) for dashboard in bundle.kind("dashboards")],
        "slug",
        "choose another: Superset would merge the two dashboards",
        Rule.REPEATED_SLUG,
    )


def _repeated(
    assets: Iterable[tuple[str, str]], field: str, remedy: str, rule: Rule
) -> list[Problem]:
    """A problem for each asset, given as value and path, whose value an earlier one has."""
    paths = defaultdict(list)
    for value, path in assets:
        paths[value].append(path)
    return [
        Problem(path, f'the {field} "{value}" is also that of {shared[0]}', remedy, rule)
        for value, shared in paths.items()
        for path in shared[1:]
    ]
