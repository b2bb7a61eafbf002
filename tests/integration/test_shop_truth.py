"""The AUC of the churn model compared with that of the simulator's true probabilities."""

from contextlib import closing

import numpy as np
import psycopg2
from sklearn.metrics import roc_auc_score

from ..conftest import Warehouse

# The customers of the model's test days with what came of it, the true probability, what the model
# says and the simplest rule. The split is by time, so the test days are the latest.
TESTED = """
    with
    champion as (
        select score, rows_test from ml.model_versions where model = 'churn' and status = 'champion'
    ),
    days as (
        select as_of, sum(count(*)) over (order by as_of desc) as rows
        from features.feat_customer__training
        group by as_of
    ),
    tested as (
        select facts.* from features.feat_customer__training as facts
        join days using (as_of) join champion on days.rows <= champion.rows_test
    ),
    said as (
        select days.as_of, answers.key, answers.score
        from days join champion on days.rows <= champion.rows_test
        cross join lateral ml.predict(
            'churn',
            format('select * from features.feat_customer__training where as_of = %L', days.as_of)
        ) as answers
    )
    select tested.churned = 'churned', truth.probability, said.score, tested.recency_days
    from tested
    join said on said.key = tested.customer_key::text and said.as_of = tested.as_of
    join vault.hub_customer as hubs on hubs.customer_key = tested.customer_key
    join shop.customers on customers.customer_number = hubs.customer_number
    join simulation.churn as truth
        on truth.customer_id = customers.customer_id and truth.as_of = tested.as_of
"""


def test_churn_model_auc_is_close_to_true_probability_auc(warehouse: Warehouse) -> None:
    """On the same rows: the AUC of the true probabilities is the most that anybody could reach."""
    with (
        closing(psycopg2.connect(**warehouse.dsn("transformer"))) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "select score, rows_test from ml.model_versions"
            " where model = 'churn' and status = 'champion'"
        )
        ((score, rows_test),) = cursor.fetchall()
        cursor.execute(TESTED)
        outcomes, truth, scores, recency = np.array(cursor.fetchall(), float).T
    assert len(outcomes) == rows_test
    assert 0.2 <= outcomes.mean() <= 0.4
    best, result = roc_auc_score(outcomes, truth), roc_auc_score(outcomes, scores)
    assert abs(result - score) < 1e-6
    assert best - 0.02 <= result <= best + 0.02
    # And it takes more than to look at who was here last.
    assert result > roc_auc_score(outcomes, recency) + 0.02
