"""Asking every chart's question to the running server."""

import time
from dataclasses import dataclass

from scripts.assets.controls import with_defaults
from scripts.assets.model import Asset, Bundle
from scripts.assets.queries import can_query, queries_of
from scripts.assets.superset import Superset


@dataclass(frozen=True)
class Answer:
    """What came back for one chart; `error` is "" when rows did."""

    chart: Asset
    rows: int
    milliseconds: int
    error: str = ""
    do: str = ""


def ask_all(bundle: Bundle, superset: Superset) -> list[Answer]:
    """The answers for every chart whose type has a query known here."""
    datasets = {
        dataset.uuid: superset.number("dataset", dataset.uuid)
        for dataset in bundle.kind("datasets")
    }
    charts = [chart for chart in bundle.kind("charts") if can_query(chart.data["viz_type"])]
    return [_ask(chart, bundle, datasets, superset) for chart in charts]


def _ask(
    chart: Asset, bundle: Bundle, datasets: dict[str, int | None], superset: Superset
) -> Answer:
    dataset = bundle.get(chart.data["dataset_uuid"])
    if dataset is None or datasets[dataset.uuid] is None:
        return Answer(chart, 0, 0, "its dataset is not in Superset yet", "make push")
    body = {
        "datasource": {"id": datasets[dataset.uuid], "type": "table"},
        "queries": queries_of(with_defaults(chart.data["params"], dataset.data)),
        "force": True,  # the cache would answer for a table that is no longer there
        "result_format": "json",
        "result_type": "full",
    }
    started = time.monotonic()
    results, error = superset.chart_data(body)
    milliseconds = round((time.monotonic() - started) * 1000)
    error = error or next((str(each["error"]) for each in results if each.get("error")), "")
    rows = sum(each.get("rowcount") or 0 for each in results)
    if error:
        return Answer(chart, rows, milliseconds, error, "mend its columns, metrics or filters")
    if not all(each.get("rowcount") for each in results):
        return Answer(
            chart, 0, milliseconds, "its query finds no rows", "see its filters and table"
        )
    return Answer(chart, rows, milliseconds)
