"""Headlines and key figures of the model pages equal a second computation."""

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    davies_bouldin_score,
    recall_score,
    roc_auc_score,
    silhouette_score,
)
from sklearn.preprocessing import StandardScaler

from tests.conftest import Warehouse
from tests.integration.report_queries import NARROW, one_row, percent, rows


def figures(warehouse: Warehouse, page: str, model: str = "churn") -> dict[str, str]:
    """The strip of key figures of a page: by label, what is shown and the note below it."""
    result = rows(
        warehouse,
        "select label, value_text || ' | ' || note from reports.rpt_key_figures"
        " where page = %s and model = %s",
        page,
        model,
    )
    return dict(result)


def headline(warehouse: Warehouse, page: str, model: str = "churn") -> tuple[str, str]:
    """The sentence of a page and the smaller one below it."""
    return one_row(
        warehouse,
        "select lead || number || rest, subline from reports.rpt_headlines"
        " where page = %s and model = %s",
        page,
        model,
    )


def churn_predictions(
    warehouse: Warehouse, shuffled_column: str = ""
) -> tuple[np.ndarray, np.ndarray]:
    """Predict the test rows of churn again: the truth (1 is churned) and the risk.

    The values of the column `shuffled_column` are permuted among the rows.
    """
    table = "features.feat_customer__training"
    columns = rows(
        warehouse,
        "select column_name from information_schema.columns"
        " where table_schema || '.' || table_name = %s"
        " and column_name not in ('customer_key', 'churned')",
        table,
    )
    (first_day,) = one_row(
        warehouse,
        "select date '1970-01-01' + ((split ->> 'test_from')::float8)::integer"
        " from ml.model_versions where model = 'churn' and status = 'champion'",
    )
    column_list = ", ".join(
        f'{"dealt" if column == shuffled_column else "tested"}."{column}"' for (column,) in columns
    )
    query = f"""
        with tested as (
            select
                *,
                row_number() over (order by customer_key, as_of) as place,
                row_number() over (order by md5(customer_key::text || as_of)) as other_place
            from {table}
            where as_of >= '{first_day}'
        )
        select tested.customer_key::text || ' ' || tested.as_of as customer_key, {column_list}
        from tested
        join tested as dealt on dealt.other_place = tested.place
    """
    predictions = rows(
        warehouse,
        f"select churned = 'churned', score from ml.predict('churn', %s) as answers"
        f" join {table} on customer_key::text || ' ' || as_of = answers.key",
        query,
    )
    truth, risk = np.array(predictions, dtype=float).T
    return truth, risk


def test_data_page_counts_equal_table(warehouse: Warehouse) -> None:
    ((column_names,),) = rows(
        warehouse,
        "select array_agg(entry ->> 'name') from ml.model_versions,"
        " jsonb_array_elements(features) as entry where model = 'churn' and status = 'champion'",
    )
    gaps = " + ".join(f'("{column}" is null)::integer' for column in column_names)
    cases, missing, churned = one_row(
        warehouse,
        f"select count(*), sum({gaps}), count(*) filter (where churned = 'churned')"
        " from features.feat_customer__training",
    )
    values = cases * len(column_names)
    card = figures(warehouse, "data")
    assert card["Cases"].startswith(f"{cases:,} | ")
    assert card["Measurements per case"].startswith(f"{len(column_names)} | ")
    assert card["Missing values"] == (
        f"{100 * missing / values:.1f}{NARROW} | {missing:,} of {values:,} values"
    )
    assert card["Churned"] == f"{percent(churned / cases)} | {churned:,} of {cases:,} cases"
    sentence, subline = headline(warehouse, "data")
    assert sentence == f"Of {cases:,} cases, {percent(churned / cases)} are “churned”."
    assert (
        f"{len(column_names)} measurements. {100 * missing / values:.1f}{NARROW} of the values"
        in subline
    )


def test_ranking_gain_and_calibration_equal_scikit_learn(warehouse: Warehouse) -> None:
    truth, risk = churn_predictions(warehouse)
    card = dict(
        rows(warehouse, "select metric, value from reports.rpt_model_metrics where model = 'churn'")
    )
    assert card["roc_auc"] == pytest.approx(roc_auc_score(truth, risk))
    assert card["brier"] == pytest.approx(brier_score_loss(truth, risk))
    assert card["accuracy"] == pytest.approx(accuracy_score(truth, risk >= 0.5))
    assert card["recall"] == pytest.approx(recall_score(truth, risk >= 0.5))
    sentence, subline = headline(warehouse, "quality")
    riskiest = np.argsort(-risk, kind="stable")[: round(0.2 * len(risk))]
    result = 100 * truth[riskiest].sum() / truth.sum()
    percentage = sentence.partition("finds ")[2].partition(NARROW)[0]
    assert float(percentage) == pytest.approx(result, abs=1.01)
    assert f"perfect model {percent(0.2 * len(truth) / truth.sum())}" in subline
    assert f"Tested on {len(truth):,} cases" in subline
    assert f"never seen: {percent(accuracy_score(truth, risk >= 0.5))} right" in subline
    # Most of those it learned from stayed, so that is the simple rule.
    assert subline.endswith(f"“stayed” would be right in {percent(1 - truth.mean())}.")
    # The same score on the other pages that name it.
    auc_text = f"{roc_auc_score(truth, risk):.3f}"
    trust = one_row(
        warehouse,
        "select value_text from reports.rpt_churn_summary where is_everywhere"
        " and label = 'Model quality'",
    )
    assert trust == (auc_text,)
    assert figures(warehouse, "monitoring")["Ranking quality (AUC)"].startswith(f"{auc_text} | ")
    number, rest = one_row(
        warehouse,
        "select number, rest from reports.rpt_training_history"
        " where model = 'churn' and is_champion",
    )
    assert number == auc_text
    assert rest == f" on {len(truth):,} cases it had never seen, the simple rule 0.500."


def test_cheapest_threshold_has_least_cost_on_test_rows(warehouse: Warehouse) -> None:
    truth, risk = churn_predictions(warehouse)
    costs = [
        np.mean(np.where(truth == 1, 5 * (risk < limit), risk >= limit))
        for limit in np.arange(101) / 100
    ]
    (text,) = one_row(
        warehouse,
        "select cheapest_text from reports.rpt_thresholds where model = 'churn' and is_cheapest",
    )
    cost = float(text.partition(": ")[2].split()[0])
    # The curve keeps two hundred points of the test rows, so it may miss the very best by a few.
    assert cost == pytest.approx(min(costs), rel=0.02)
    assert float(text.partition("against ")[2].split()[0]) == pytest.approx(
        5 * truth.mean(), rel=0.005
    )


def test_forecast_baseline_error_equals_recomputation(warehouse: Warehouse) -> None:
    result = rows(
        warehouse,
        "select actual, simple_rule from reports.rpt_forecast"
        " where model = 'revenue' and part = 'test'",
    )
    actual, rule = np.array(result, dtype=float).T
    (error,) = one_row(
        warehouse, "select baseline_wape from reports.rpt_model_overview where model = 'revenue'"
    )
    assert error == pytest.approx(np.abs(actual - rule).sum() / np.abs(actual).sum())
    sentence, _ = headline(warehouse, "quality", "revenue")
    assert f"the simple rule by {percent(error)}." in sentence


def test_cluster_sizes_and_separation_equal_recomputation(
    warehouse: Warehouse,
) -> None:
    query = (
        "select customer_key, log_recency, log_orders, log_spent"
        " from features.feat_customer__behaviour where is_learned_from"
    )
    result = rows(
        warehouse,
        "select prediction, log_recency, log_orders, log_spent from ml.predict('segments', %s)"
        " join features.feat_customer__behaviour on customer_key::text = key"
        " where is_learned_from",
        query,
    )
    group = np.array([row[0] for row in result])
    points = StandardScaler().fit_transform(np.array([row[1:] for row in result], dtype=float))
    sizes = np.unique(group, return_counts=True)[1] / len(group)
    sentence, subline = headline(warehouse, "quality", "segments")
    assert f"{len(group):,} cases into {len(sizes)} groups" in sentence
    assert f"largest group holds {percent(sizes.max())}" in subline
    assert f"the smallest {percent(sizes.min())}" in subline
    # Measured on a fifth of the rows there, on all of them here.
    intervals = {
        metric: (lower, upper)
        for metric, lower, upper in rows(
            warehouse,
            "select metric, lower, upper from reports.rpt_model_metrics where model = 'segments'",
        )
    }
    for metric, value in (
        ("silhouette", silhouette_score(points, group)),
        ("davies_bouldin", davies_bouldin_score(points, group)),
    ):
        lower, upper = intervals[metric]
        assert lower - 0.03 <= value <= upper + 0.03, metric


def test_main_driver_importance_equals_shuffled_loss(
    warehouse: Warehouse,
) -> None:
    truth, risk = churn_predictions(warehouse)
    feature, words, importance, deviation = one_row(
        warehouse,
        "select feature, feature_phrase, importance, deviation"
        " from reports.rpt_feature_importances where model = 'churn' and rank = 1",
    )
    truth_again, risk_again = churn_predictions(warehouse, feature)
    loss = roc_auc_score(truth, risk) - roc_auc_score(truth_again, risk_again)
    assert loss == pytest.approx(importance, abs=max(0.01, 5 * deviation))
    assert headline(warehouse, "drivers")[0].startswith(f"The model relies most on {words}")
    assert float(figures(warehouse, "drivers")["Largest importance"].split()[0]) == (
        pytest.approx(importance, rel=0.01)
    )


def test_largest_drift_equals_population_stability_index(warehouse: Warehouse) -> None:
    """The population stability index of the input that is furthest, counted here."""
    feature, psi, cases = one_row(
        warehouse,
        "select worst_feature, worst_psi, rows from reports.rpt_drift_summary"
        " where model = 'churn'",
    )
    bins = rows(
        warehouse,
        "select lower, sum(n) from ml.distributions where model = 'churn' and feature = %s"
        " and version = (select version from reports.rpt_model_overview where model = 'churn')"
        " group by bin, lower order by bin",
        feature,
    )
    edges = [float(lower) for lower, _ in bins if lower is not None]
    before = np.array([n for lower, n in bins if lower is not None], dtype=float)
    gaps_before = sum(float(n) for lower, n in bins if lower is None)
    values = np.array(
        rows(warehouse, f'select "{feature}"::float8 from features.feat_customer__current'),
        dtype=float,
    ).ravel()
    known_values = values[~np.isnan(values)]
    now = np.histogram(known_values, [-np.inf, *edges[1:], np.inf])[0]
    shares = [
        np.maximum(np.append(counts, gaps) / (counts.sum() + gaps), 1e-4)
        for counts, gaps in ((before, gaps_before), (now, len(values) - len(known_values)))
    ]
    assert cases == len(values)
    assert float(psi) == pytest.approx(
        float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum()), abs=0.01
    )
    sentence, subline = headline(warehouse, "monitoring")
    drift_count, features = one_row(
        warehouse,
        "select count(*) filter (where verdict in ('watch', 'retrain')), count(*)"
        " from ml.drifts where model = 'churn' and kind <> 'score'"
        " and measured_at = (select max(measured_at) from ml.drifts where model = 'churn')"
        " and period = (select max(as_of)::text from features.feat_customer__current)",
    )
    assert f"{drift_count} of {features} inputs" in sentence
    assert f"(PSI {psi:.2f})" in subline
    assert figures(warehouse, "monitoring")["Inputs that have drifted"].startswith(
        f"{drift_count} of {features} | "
    )
