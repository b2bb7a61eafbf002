"""What dbt builds: the second build, new rows, other tasks, and numbers checked another way."""

from contextlib import closing

import numpy as np
import psycopg2
import pytest
from sklearn.datasets import load_breast_cancer

from scripts.stack.build import build

from ..conftest import Warehouse

MODEL = "breast_cancer"
# A table that is made anew takes the views on it along; these come back in the same run of dbt.
VIEWS = "reports,config.materialized:view"
# The models, and what the comparison of two builds reads.
REPORTED = ("path:models/ml", "pred_breast_cancer", "rpt_model_metrics")
# What lies between the sample table and the first sentences about its model.
FROM_SAMPLE = ("stg_csv__breast_cancer+,+rpt_headlines", "pred_breast_cancer", VIEWS)
# What the reports about models say first; the shop has nothing to do with it.
REPORTS = ("reports,+rpt_model_overview", "rpt_headlines", "rpt_residuals", VIEWS)


def rows(warehouse: Warehouse, query: str, *values: object, role: str = "transformer") -> list:
    """All rows of a query, as a role."""
    with (
        closing(psycopg2.connect(**warehouse.dsn(role))) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(query, values)
        return cursor.fetchall()


def execute(warehouse: Warehouse, statement: str) -> None:
    """Run and commit a statement as transformer."""
    with (
        closing(psycopg2.connect(**warehouse.dsn("transformer"))) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def one_row(warehouse: Warehouse, query: str, *values: object) -> tuple:
    """The only row of a query."""
    (row,) = rows(warehouse, query, *values)
    return row


def versions(warehouse: Warehouse) -> list[int]:
    result = rows(warehouse, "select version from ml.model_versions where model = %s", MODEL)
    return sorted(version for (version,) in result)


@pytest.fixture(scope="module")
def warehouse(warehouse_copy: Warehouse) -> Warehouse:
    """A copy, because putting back what a build has changed takes another build."""
    return warehouse_copy


@pytest.fixture
def no_dbt_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """dbt's own tests have passed in the first build, and are not what a test here is about."""
    monkeypatch.setenv("DBT_INDIRECT_SELECTION", "empty")


def test_second_build_trains_nothing_and_keeps_reports(
    warehouse: Warehouse, no_dbt_tests: None
) -> None:
    content = """
        select (select string_agg(r::text, '' order by model, metric)
                from reports.rpt_model_metrics r),
               (select sum(score) from predictions.pred_breast_cancer),
               (select array_agg((model, version) order by model, version) from ml.model_versions)
    """
    before = one_row(warehouse, content)
    build(warehouse.settings, warehouse.stack, select=REPORTED, show=False)
    assert one_row(warehouse, content) == before


def test_views_survive_build_of_upstream_table(warehouse: Warehouse, no_dbt_tests: None) -> None:
    def views() -> dict[str, str]:
        result = rows(
            warehouse,
            "select schemaname || '.' || viewname, definition from pg_views"
            " where schemaname = any(array['staging', 'vault', 'features', 'reports'])",
        )
        return dict(result)

    before, house = views(), rows(warehouse, "select * from reports.rpt_status order by 1")
    assert "reports.rpt_status" in before
    build(warehouse.settings, warehouse.stack, select=("rpt_model_overview",), show=False)
    assert views() == before
    assert rows(warehouse, "select * from reports.rpt_status order by 1") == house
    (allowed,) = one_row(
        warehouse, "select has_table_privilege('dashboard', 'reports.rpt_status', 'select')"
    )
    assert allowed


@pytest.fixture(scope="module")
def other_models(warehouse: Warehouse) -> None:
    """A model of numbers, one of groups, and one whose class of interest is called true."""
    columns = "select id, mean_radius, mean_texture"
    models = {
        "radius": (f"{columns}, mean_area", "'regression', 'mean_radius', 'id'"),
        "groups": (f"{columns}, mean_area", "'clustering', key => 'id'"),
        "flag": (
            f"{columns}, diagnosis = ''malignant'' as is_malignant",
            "'classification', 'is_malignant', 'id'",
        ),
    }
    for name, (query, choices) in models.items():
        execute(
            warehouse, f"select ml.train('{name}', '{query} from csv.breast_cancer', {choices})"
        )
    build(warehouse.settings, warehouse.stack, select=REPORTS, show=False)


@pytest.mark.usefixtures("other_models")
def test_other_tasks_have_reports(warehouse: Warehouse) -> None:
    tasks = dict(rows(warehouse, "select model, task from reports.rpt_model_overview"))
    expected = {MODEL: "classification", "radius": "regression", "groups": "clustering"}
    assert expected.items() <= tasks.items()
    error, wape = one_row(
        warehouse,
        "select sum(abs(actual - predicted)) / sum(abs(actual)), max(wape)"
        " from reports.rpt_residuals join reports.rpt_model_overview using (model)"
        " where model = 'radius'",
    )
    assert error == pytest.approx(wape, rel=1e-9)
    number, rest = one_row(
        warehouse,
        "select number, rest from reports.rpt_headlines"
        " where model = 'radius' and page = 'quality'",
    )
    assert number == f"{100 * wape:.0f}\u202f%"
    assert rest.startswith(", the simple rule by ")
    shares = rows(warehouse, "select share from reports.rpt_class_balance where model = 'groups'")
    assert sum(share for (share,) in shares) == pytest.approx(1)


@pytest.mark.usefixtures("other_models")
def test_class_named_true_has_label(warehouse: Warehouse) -> None:
    texts = dict(
        rows(warehouse, "select page, rest from reports.rpt_headlines where model = 'flag'")
    )
    assert texts["data"] == " have is malignant: true."
    assert texts["quality"] == " of all cases with is malignant: true."


def test_drawn_roc_area_equals_score(warehouse: Warehouse) -> None:
    points = rows(
        warehouse,
        "select x, y from reports.rpt_model_curves where model = %s and curve = 'roc'"
        " order by position",
        MODEL,
    )
    score, lower, upper = one_row(
        warehouse,
        "select value, lower, upper from reports.rpt_model_metrics"
        " where model = %s and metric = 'roc_auc'",
        MODEL,
    )
    x, y = np.array(points, dtype=float).T
    assert np.trapz(y, x) == pytest.approx(score, abs=1e-9)
    assert 0.9 < lower <= score <= upper <= 1


def test_headline_gain_equals_roc_points(warehouse: Warehouse) -> None:
    """The share reached with the riskiest fifth, by counting in the points of the ROC curve."""
    hits, total = one_row(
        warehouse,
        """
        select
            sum(case when actual = predicted then n else 0 end)::float8 / sum(n), sum(n)::integer
        from ml.confusion
        join ml.model_versions using (model, version)
        where model = %s and status = 'champion' and confusion.split = 'test'
        """,
        MODEL,
    )
    positive = 53 / 142
    points = rows(
        warehouse,
        "select x, y from reports.rpt_model_curves where model = %s and curve = 'roc'"
        " order by position",
        MODEL,
    )
    x, y = np.array(points, dtype=float).T
    recall = np.interp(0.2, positive * y + (1 - positive) * x, y)
    number, subline, right, gain, best = one_row(
        warehouse,
        "select number, subline, accuracy, gain_at_20, best_gain_at_20"
        " from reports.rpt_headlines join reports.rpt_model_overview using (model)"
        " where page = 'quality' and model = %s",
        MODEL,
    )
    assert gain == pytest.approx(recall, abs=0.01)
    assert float(best) == pytest.approx(0.2 / positive)
    assert number == f"{100 * gain:.0f}\u202f%"
    assert f"Tested on {total} cases" in subline
    assert float(right) == pytest.approx(hits, abs=1e-12)


def test_histograms_cover_all_rows_of_each_class(warehouse: Warehouse) -> None:
    data = load_breast_cancer()
    counts = rows(
        warehouse,
        "select feature, sum(first_n), sum(second_n), sum(first_share), sum(second_share)"
        " from reports.rpt_feature_distributions where model = %s group by feature",
        MODEL,
    )
    assert len(counts) == 30
    malignant, benign = np.bincount(data.target)
    for feature, first, second, *shares in counts:
        assert (int(first), int(second)) == (malignant, benign), feature
        assert shares == pytest.approx([1, 1])


def test_feature_summary_equals_numpy(warehouse: Warehouse) -> None:
    data = load_breast_cancer()
    column = data.data[:, list(data.feature_names).index("worst texture")]
    result = one_row(
        warehouse,
        "select rows, missing, minimum, median, mean, maximum"
        " from reports.rpt_feature_summary where model = %s and feature = 'worst_texture'",
        MODEL,
    )
    expected = (569, 0, column.min(), np.median(column), column.mean(), column.max())
    assert [float(value) for value in result] == pytest.approx(expected, rel=1e-9)


def test_all_columns_have_descriptions(warehouse: Warehouse) -> None:
    undescribed = rows(
        warehouse,
        """
        select columns.table_schema, columns.table_name, columns.column_name
        from information_schema.columns as columns
        where columns.table_schema in ('staging', 'vault', 'marts', 'features', 'models',
                                       'predictions', 'reports')
            and col_description(
                format('%%I.%%I', columns.table_schema, columns.table_name)::regclass,
                columns.ordinal_position
            ) is null
        """,
    )
    assert undescribed == []


# The last one: it leaves the table without these rows.
def test_removed_rows_trigger_training(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The tests of the model run, because a version becomes champion only after them.
    monkeypatch.setenv("DBT_INDIRECT_SELECTION", "cautious")
    execute(warehouse, "delete from csv.breast_cancer where id <= 40")
    version_rows = versions(warehouse)
    build(warehouse.settings, warehouse.stack, select=FROM_SAMPLE, show=False)
    assert len(versions(warehouse)) == len(version_rows) + 1
    total, lead = one_row(
        warehouse,
        "select rows_total, lead from reports.rpt_model_overview"
        " join reports.rpt_headlines using (model) where page = 'data' and model = %s",
        MODEL,
    )
    assert total == 569 - 40 and "529" in lead
    (row_count,) = one_row(warehouse, "select count(*) from predictions.pred_breast_cancer")
    assert row_count == 529
