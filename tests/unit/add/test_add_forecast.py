"""`make add` of a forecast without a server: what it proposes, and the dbt files that it writes."""

from pathlib import Path

import pytest
import yaml

from scripts.add.choices import Choices
from scripts.add.dbt_files import (
    DbtFiles,
    added_paths,
    require_own_name,
    require_rows,
    require_same_files,
    write,
)
from scripts.add.facts import ColumnFacts
from scripts.add.proposal import propose
from scripts.add.remove import _relations, files_of
from scripts.errors import UserError

from .tables import ID, Table, column

DAY = 86_400.0
AT = column("sold_at", "timestamp with time zone", 200)
SHOP, AMOUNT = column("shop"), column("amount", "numeric", 250)
PRICE = column("price", "double precision", 30)
CHOICES = {"target": "amount", "time": "sold_at", "series": ("shop",)}


class Sales(Table):
    """A table whose rows have times."""

    name = "sales"

    def __init__(
        self,
        *columns: ColumnFacts,
        steps: dict[float, int] | None = None,
        repeats: bool = False,
    ) -> None:
        super().__init__(*columns)
        self.steps, self.repeats = steps or {DAY: 299}, repeats

    def time_steps(self, time: str, series: list[str]) -> tuple[dict[float, int], bool]:
        return self.steps, self.repeats


def proposal(
    *columns: ColumnFacts,
    steps: dict[float, int] | None = None,
    repeats: bool = False,
    **choices,
):
    table = Sales(*(columns or (ID, AT, SHOP, AMOUNT, PRICE)), steps=steps, repeats=repeats)
    return propose(table, Choices(**{"owner": "Ada", "name": "sales", **CHOICES, **choices}))


def rendered(**choices) -> dict[str, str]:
    return DbtFiles(proposal(**choices), "sales", frozenset(("order",))).render()


@pytest.mark.parametrize(
    ("steps", "repeats", "unit", "is_regular"),
    [
        ({DAY: 200}, False, "day", True),
        ({DAY: 190, 3 * DAY: 9}, False, "day", True),
        ({DAY: 200}, True, "day", False),
        ({DAY - 3_600: 1, DAY: 300, DAY + 3_600: 1}, False, "day", True),
        ({3_600.0: 500, 7_200.0: 20}, False, "hour", True),
        ({900.0: 500}, False, "day", False),
        ({7 * DAY: 60}, False, "week", True),
        ({28 * DAY: 10, 30 * DAY: 40, 31 * DAY: 70}, False, "month", True),
        ({90 * DAY: 10, 92 * DAY: 30}, False, "quarter", True),
        ({365 * DAY: 30, 366 * DAY: 10}, False, "year", True),
        ({7 * DAY: 30, DAY: 20, 2 * DAY: 25}, False, "day", False),
        ({}, False, "day", False),
    ],
)
def test_frequency_is_inferred_and_explained(
    steps: dict[float, int], repeats: bool, unit: str, is_regular: bool
) -> None:
    result = proposal(steps=steps or {0.0: 0}, repeats=repeats)
    assert (result.task, result.metric) == ("forecast", "mase")
    assert result.forecast is not None
    assert (result.forecast.frequency.unit, result.forecast.is_regular) == (unit, is_regular)
    assert result.reasons["frequency"].startswith(f"{unit}: ")
    assert f"{unit}s: the default" in result.reasons["horizon"]
    assert result.left_out["price"] == "its future is not known"


@pytest.mark.parametrize(
    ("step", "words"),
    [(DAY, "1 day apart"), (31 * DAY, "31 days apart"), (3_600.0, "1 hour apart")],
)
def test_usual_step_is_in_words(step: float, words: str) -> None:
    assert proposal(steps={step: 100}).reasons["frequency"].endswith(words)


def test_one_series_needs_the_task() -> None:
    result = proposal(series=(), task="forecast", horizon="90", frequency="week")
    assert result.forecast is not None
    assert (result.forecast.series, result.forecast.horizon) == ([], 90)
    assert result.forecast.frequency.unit == "week"
    # Without SERIES, TIME alone is the split of another task.
    assert proposal(series=()).task == "regression"


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"time": ""}, "needs the column of the time"),
        ({"time": "shop", "series": ()}, "of type text, not a date"),
        ({"target": "shop", "series": ()}, "predicts a number"),
        ({"target": ""}, "number to forecast is not named"),
        ({"series": ("sold_at",)}, "must be different columns"),
        ({"series": ("gone",)}, "no such column"),
        ({"horizon": "soon"}, "not a number of periods"),
        ({"frequency": "fortnight"}, "no such frequency"),
        ({"group": "shop"}, "GROUP means nothing"),
        ({"task": "regression"}, "SERIES means something for a forecast only"),
    ],
)
def test_invalid_choice_is_refused(choices: dict, message: str) -> None:
    task = {} if choices.get("series") or "task" in choices else {"task": "forecast"}
    with pytest.raises(UserError, match=message):
        proposal(**{**task, **choices})


def test_files_say_what_they_do() -> None:
    files = rendered()
    assert set(files) == {
        "staging/csv/_csv__sales.yml",
        "staging/csv/stg_csv__sales.sql",
        "staging/csv/stg_csv__sales.yml",
        "features/feat_sales__daily.sql",
        "features/feat_sales__daily.yml",
        "ml/sales.sql",
        "ml/sales.yml",
        "predictions/pred_sales.sql",
        "predictions/pred_sales.yml",
    }
    features = files["features/feat_sales__daily.sql"]
    assert "date_trunc('day', sold_at at time zone 'UTC')::date as day" in features
    assert "where sold_at is not null and shop is not null" in features
    assert "group by 1, 2" in features
    model = files["ml/sales.sql"]
    assert 'task="forecast"' in model and '"horizon": 28' in model
    assert '"series": ["shop"]' in model and "frequency" not in model
    assert '{{ forecast(ref("sales")) }}' in files["predictions/pred_sales.sql"]
    for path, text in files.items():
        if path.endswith(".yml"):
            document = yaml.safe_load(text)
            nodes = document.get("models") or document["sources"]
            assert all(node["description"].strip() for node in nodes), path
            assert "{{" not in text
    (tests,) = [node["data_tests"] for node in yaml.safe_load(files["ml/sales.yml"])["models"]]
    assert {"beats_baseline"} < {next(iter(test)) for test in tests}
    assert "no_leakage" not in tests
    # Columns that identify a row together.
    assert "keys: [[shop, day]]" in files["features/feat_sales__daily.yml"]
    assert "keys: [[series, step]]" in files["predictions/pred_sales.yml"]
    single = rendered(series=(), task="forecast")
    assert "keys: [day]" in single["features/feat_sales__daily.yml"]


def test_irregular_rows_are_summed_and_names_do_not_collide() -> None:
    columns = [ID, AT, column("day"), column("order", "integer", 100)]
    choices = {"series": ("day",), "target": "order", "repeats": True}
    suggestion = proposal(*columns, **choices)
    files = DbtFiles(suggestion, "sales", frozenset(("order",))).render()
    features = files["features/feat_sales__daily.sql"]
    assert "as day_start" in features and 'sum("order") as "order"' in features
    assert '"frequency": "day"' in files["ml/sales.sql"]
    hourly = rendered(steps={3_600.0: 99})["features/feat_sales__hourly.sql"]
    assert "date_trunc('hour', sold_at at time zone 'UTC') as hour" in hourly


def test_added_forecast_is_kept_recognised_and_removed(tmp_path: Path) -> None:
    files = rendered()
    written, _ = write(tmp_path, files)
    assert len(written) == 9
    model = tmp_path / "dbt" / "models" / "ml" / "sales.sql"
    model.write_text("select 1\n")
    assert write(tmp_path, files)[0] == [] and model.read_text() == "select 1\n"
    require_own_name(tmp_path, "sales", "csv")
    paths = added_paths(tmp_path, "sales", "csv")
    assert set((paths or {}).values()) == set(files)
    with pytest.raises(UserError, match="is a forecast"):
        require_rows(tmp_path, "sales", "csv")
    weekly = DbtFiles(proposal(frequency="week"), "sales", frozenset())
    with pytest.raises(UserError, match=r"added before .*feat_sales__daily\.sql"):
        require_same_files(tmp_path, "sales", "csv", weekly.paths)
    schema, existing = files_of(tmp_path, "sales")
    assert len(existing) == 9
    assert _relations(tmp_path / "dbt" / "models", "sales", schema, existing) == [
        "predictions.pred_sales",
        "models.sales",
        "features.feat_sales__daily",
        "staging.stg_csv__sales",
        "csv.sales",
        "csv.sales_unlabelled",
    ]
