"""make replay of a real shop, week by week: the monitors equal a computation outside of the engine.

From the week that ends on UNIT_CHANGES on, a feature is counted in pence. It has to be reported in
that week, by its name.
"""

import shutil
from collections.abc import Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg2
import pytest
from psycopg2.extras import RealDictCursor
from sklearn.metrics import roc_auc_score

from scripts.examples.shop.loading import load
from scripts.examples.shop.sources import select_source
from scripts.stack.refresh import replay as module

from ..clusters import ROOT, Warehouse, cluster, functions_built_once

# Fourteen refreshes of half a million lines: about seven minutes of processor time.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(5_400)]

FIRST, LAST, WEEK = date(2011, 9, 3), date(2011, 12, 9), timedelta(days=7)
BEFORE, HEIGHT = "2011-10-28", "2011-11-25"
UNIT_CHANGES, CHANGED_FEATURE = date(2011, 11, 4), "order_value"
COLUMN = "(avg(amount) filter (where is_sale))::float8 as order_value"
IN_PENCE = (
    "(avg(amount) filter (where is_sale)"
    f" * case when as_of >= date '{UNIT_CHANGES}' then 100 else 1 end)::float8 as order_value"
)
# The models that are built, of the layers of which not all are needed.
KEPT = {
    "features/customer": {"feat_customer__profile", "feat_customer__rfm", "feat_customer__tenure"},
    "marts": {"dim_customers", "dim_dates", "dim_locations", "dim_products", "easter_sundays",
              "fct_customer_quarters", "fct_order_lines"},
    "ml": {"churn"},
    "predictions": {"call_list_log", "pred_churn", "pred_churn__outcomes", "pred_churn__scores",
                    "prediction_log", "prediction_performance"},
    "reports": {"dbt_test_results", "rpt_drift", "rpt_feature_importances", "rpt_features",
                "rpt_performance_over_time", "rpt_predictions"},
}  # fmt: skip
# An empty bin counts as this share (docs/reference.md, ml.drifts).
MIN_SHARE = 1e-4


@dataclass
class Week:
    """What a refresh has left in the database: drift, features and the newest measurement."""

    last_day: date
    orders: int
    drifts: dict[str, dict[str, Any]]
    features: dict[str, np.ndarray]


@dataclass
class Replay:
    """A shop of which a quarter was replayed."""

    warehouse: Warehouse
    weeks: dict[str, Week] = field(default_factory=dict)

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        with (
            closing(psycopg2.connect(**self.warehouse.dsn("transformer"))) as connection,
            connection.cursor(cursor_factory=RealDictCursor) as cursor,
        ):
            cursor.execute(query, values or None)
            return [dict(row) for row in cursor.fetchall()]

    def note_week(self) -> None:
        """Copy what the next refresh replaces."""
        (newest,) = self.rows("select max(recorded_at)::date as day from shop.orders")
        last_day = newest["day"]
        drifts = self.rows(
            "select * from ml.drifts where model = 'churn' and period = %s and measured_at ="
            " (select max(measured_at) from ml.drifts where model = 'churn')",
            str(last_day),
        )
        described = self.rows("select * from features.feat_customer__current")
        (orders,) = self.rows(
            "select count(*) from shop.orders where recorded_at >= %s", last_day - WEEK
        )
        self.weeks[str(last_day)] = Week(
            last_day,
            orders["count"],
            {row["feature"]: row for row in drifts},
            {name: np.array([row[name] for row in described]) for name in described[0]},
        )


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory, data_folder: Path) -> Iterator[Replay]:
    """The shop of the files, taken back to September and replayed to its last day."""
    if not (data_folder / "online_retail").is_dir():
        pytest.skip(f"needs {data_folder / 'online_retail'}, which is not there")
    folder = tmp_path_factory.mktemp("replayed")
    for part in ("dbt", "udf"):
        shutil.copytree(ROOT / part, folder / part)
    shutil.copy(ROOT / "requirements.lock", folder)
    file = folder / "dbt" / "models" / "features" / "customer" / "feat_customer__rfm.sql"
    assert COLUMN in file.read_text()
    file.write_text(file.read_text().replace(COLUMN, IN_PENCE))
    keep_churn_alone(folder / "dbt")
    with cluster("engine", folder) as warehouse, pytest.MonkeyPatch.context() as patch:
        source = select_source("online_retail", str(data_folder / "online_retail"))
        load(warehouse.dsn("transformer"), source, lambda contents: None, lambda place: None)
        replay, refresh = Replay(warehouse), module.run_refresh

        def refresh_and_note(*arguments: Any, **options: Any) -> None:
            refresh(*arguments, **options)
            replay.note_week()

        patch.setattr(module, "run_refresh", refresh_and_note)
        lock = nullcontext
        with functions_built_once():
            module.replay(warehouse.settings, warehouse.stack, lock, FIRST, LAST, WEEK.days)
        yield replay


def keep_churn_alone(dbt: Path) -> None:
    """Remove what the model churn and its monitoring do not need: two thirds of each refresh."""
    (dbt / "models" / "exposures.yml").unlink()
    removed = [dbt / "models" / "staging" / "csv"]
    for layer, names in KEPT.items():
        for file in (dbt / "models" / layer).glob("[a-z]*.*"):
            if file.stem not in names:
                removed.append(file)
    removed += (dbt / "models" / "features").glob("feat_[rt][eu]*")
    # Tests and descriptions of tables that are tested elsewhere.
    removed += (dbt / "models" / "vault").rglob("*.yml")
    removed += (dbt / "models" / "reports").glob("*.yml")
    removed += (dbt / "tests").glob("*.sql")
    removed += (dbt / "models" / "features" / "customer").glob("*.yml")
    for path in removed:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def test_each_week_is_predicted_and_measured(replayed: Replay) -> None:
    last_days = [str(FIRST - timedelta(days=1) + n * WEEK) for n in range(15)]
    assert list(replayed.weeks) == last_days[1:]
    logged = replayed.rows(
        "select distinct period from predictions.prediction_log where model = 'churn' order by 1"
    )
    assert [row["period"] for row in logged] == last_days
    refreshes = replayed.rows("select status from ml.refreshes")
    assert [row["status"] for row in refreshes] == ["succeeded"] * 14


def test_logged_predictions_equal_those_of_the_same_version(replayed: Replay) -> None:
    """Of the last week: the log was written from the SQL of the model, ml.predict runs Python."""
    rows = replayed.rows(
        """
        select log.score, answers.score as score_again
        from predictions.prediction_log as log
        join ml.predict('churn', 'select * from features.feat_customer__current') as answers
            using (key)
        where log.model = 'churn' and log.period = %s
            and log.model_version = (
                select version from ml.model_versions
                where model = 'churn' and status = 'champion'
            )
        """,
        str(LAST),
    )
    assert len(rows) > 2_000
    logged, again = np.array([tuple(row.values()) for row in rows]).T
    np.testing.assert_allclose(logged, again, atol=1e-9)


def test_realised_auc_equals_scikit_learn(replayed: Replay) -> None:
    """The outcome is counted in the star: no sale in the 90 days after the prediction."""
    measured = replayed.rows(
        "select * from reports.rpt_performance_over_time where model = 'churn'"
        " and metric = 'roc_auc' and value is not null and not is_test order by period"
    )
    assert {row["period"] for row in measured} == {"2011-09-02", "2011-09-09"}
    for row in measured:
        period, version = row["period"], row["model_version"]
        buyers = {
            each["key"]
            for each in replayed.rows(
                "select distinct customer_key::text as key from marts.fct_order_lines where"
                " kind = 'sale' and date_day between %s::date + 1 and %s::date + 90",
                period,
                period,
            )
        }
        rows = replayed.rows(
            "select key, score from predictions.prediction_log"
            " where model = 'churn' and period = %s and model_version = %s",
            period,
            version,
        )
        truth = [each["key"] not in buyers for each in rows]
        auc = roc_auc_score(truth, [each["score"] for each in rows])
        print(f"{row['period']}: realised AUC {row['value']:.4f}, again {auc:.4f}, estimated "
              f"{row['estimate_lower']:.3f} to {row['estimate_upper']:.3f}")  # fmt: skip
        assert row["labelled"] == len(rows) > 2_000
        assert row["value"] == pytest.approx(auc, abs=1e-9)


def test_drift_equals_numpy(replayed: Replay) -> None:
    compared = 0
    for week in replayed.weeks.values():
        for feature, drift in week.drifts.items():
            if drift["kind"] != "number":
                continue
            bins = replayed.rows(
                "select bin, bin_type, lower, sum(n) as n from ml.distributions"
                " where model = 'churn' and version = %s and feature = %s"
                " group by bin, bin_type, lower order by bin",
                drift["version"],
                feature,
            )
            psi = stability_index(bins, week.features[feature].astype(float))
            assert drift["psi"] == pytest.approx(psi, abs=1e-9), (week.last_day, feature)
            compared += 1
    assert compared > 14 * 5


def stability_index(bins: list[dict[str, Any]], values: np.ndarray) -> float:
    """The population stability index of values against the training counts of their bins."""
    ranges = [row for row in bins if row["bin_type"] == "range"]
    edges = [row["lower"] for row in ranges[1:]]
    counts = np.bincount(
        np.searchsorted(edges, values[~np.isnan(values)], side="right"), minlength=len(ranges)
    )
    now = np.append(counts, np.isnan(values).sum()) / len(values)
    missing = sum(float(row["n"]) for row in bins if row["bin_type"] == "missing")
    before = np.array([*(float(row["n"]) for row in ranges), missing])
    before, now = np.maximum(before / before.sum(), MIN_SHARE), np.maximum(now, MIN_SHARE)
    return float(((now - before) * np.log(now / before)).sum())


def test_autumn_peak_shows_in_volume_and_drift(replayed: Replay) -> None:
    weeks = list(replayed.weeks.values())
    orders = {week.last_day: week.orders for week in weeks}
    drift = {week.last_day: week.drifts["decayed_order_count"]["psi"] for week in weeks}
    cases = [week.drifts["decayed_order_count"]["rows"] for week in weeks]
    print({str(day): (count, round(drift[day], 3)) for day, count in orders.items()}, cases)
    assert max(orders, key=orders.__getitem__).month == 11
    # Customers of the last 365 days: they become more until the shop is a year old.
    first_year = cases[:12]
    assert first_year == sorted(first_year)
    # One version is in use before the peak and at its height: both are compared with one training.
    before, height = (replayed.weeks[day].drifts["decayed_order_count"] for day in (BEFORE, HEIGHT))
    assert before["version"] == height["version"]
    assert height["psi"] > 1.2 * before["psi"]


def test_changed_unit_is_reported_by_name_in_its_week(replayed: Replay) -> None:
    verdicts = {
        week.last_day: week.drifts[CHANGED_FEATURE]["verdict"] for week in replayed.weeks.values()
    }
    print({str(day): verdict for day, verdict in verdicts.items()})
    for day, verdict in verdicts.items():
        assert (verdict == "retrain") == (day >= UNIT_CHANGES), day
