"""Running every chart's query on the server."""

import time
from dataclasses import dataclass

from scripts.assets.client.superset import Superset
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.controls import with_defaults
from scripts.assets.model.problems import Problem, Rule
from scripts.assets.model.queries import has_query, queries_for


@dataclass(frozen=True)
class Limits:
    """The limits for one chart's query; None: no limit."""

    milliseconds: int | None = None
    rows: int | None = None


@dataclass(frozen=True)
class QueryResult:
    """The result of one chart's query; `error` is "" when the query succeeded."""

    chart: Asset
    rows: int
    milliseconds: int
    error: str = ""
    pushed: bool = True
    empty: bool = False

    def problem(self, limits: Limits) -> Problem | None:
        """The problem with this result; None when there is none."""
        if not self.pushed:
            return self._problem(self.error, "make push", Rule.NOT_PUSHED)
        if self.error:
            return self._problem(
                self.error, "fix its columns, metrics or filters", Rule.QUERY_FAILS
            )
        if self.empty:
            return self._problem(
                "its query returns no rows", "check its filters and its table", Rule.NO_ROWS
            )
        if limits.rows is not None and self.rows > limits.rows:
            message = f"{self.rows} rows, and the limit is {limits.rows}"
            return self._problem(
                message, "group or filter the rows in the report", Rule.TOO_MANY_ROWS
            )
        if limits.milliseconds is not None and self.milliseconds > limits.milliseconds:
            message = f"{self.milliseconds} ms, and the limit is {limits.milliseconds}"
            return self._problem(message, "move the computation into the report", Rule.TOO_SLOW)
        return None

    def _problem(self, message: str, remedy: str, rule: Rule) -> Problem:
        return Problem(self.chart.path, f'"{self.chart.title}": {message}', remedy, rule)


def run_queries(bundle: Bundle, superset: Superset) -> list[QueryResult]:
    """The results of all charts whose type has a query here."""
    datasets = {
        dataset.uuid: superset.number("dataset", dataset.uuid)
        for dataset in bundle.kind("datasets")
    }
    charts = [chart for chart in bundle.kind("charts") if has_query(chart.data["viz_type"])]
    return [_run_query(chart, bundle, datasets, superset) for chart in charts]


def charts_without_query(bundle: Bundle) -> list[Asset]:
    """The charts whose type has no query here."""
    return [chart for chart in bundle.kind("charts") if not has_query(chart.data["viz_type"])]


def _run_query(
    chart: Asset, bundle: Bundle, datasets: dict[str, int | None], superset: Superset
) -> QueryResult:
    dataset = bundle.get(chart.data["dataset_uuid"])
    if dataset is None or datasets[dataset.uuid] is None:
        return QueryResult(chart, 0, 0, "its dataset is not in Superset yet", pushed=False)
    body = {
        "datasource": {"id": datasets[dataset.uuid], "type": "table"},
        "queries": queries_for(with_defaults(chart.data["params"], dataset.data)),
        "force": True,  # the cache would hide that a table is missing
        "result_format": "json",
        "result_type": "full",
    }
    started = time.monotonic()
    results, error = superset.chart_data(body)
    milliseconds = round((time.monotonic() - started) * 1000)
    error = error or next((str(each["error"]) for each in results if each.get("error")), "")
    rows = sum(each.get("rowcount") or 0 for each in results)
    empty = not all(each.get("rowcount") for each in results)
    return QueryResult(chart, rows, milliseconds, error, empty=empty)
