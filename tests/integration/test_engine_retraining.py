"""ml.retraining_decision: whether a build trains a model again, and why."""

import json
from typing import Any

from .registry import Session, admin, user

__all__ = ["admin", "user"]  # fixtures

NAME = "registry test retraining"
NONE_HOLDS = (1, 1, False, "No condition of retrain_when holds.", None, None)


def test_each_condition_in_turn(user: Session, admin: Session) -> None:
    def decide(
        conditions: dict[str, Any] | None,
        row_count: int | None = None,
        performance: list[dict[str, Any]] | None = None,
    ) -> tuple:
        return user.rows(
            "select * from ml.retraining_decision(%s, %s, 'first', %s, %s)",
            NAME, conditions and json.dumps(conditions), row_count,
            performance and json.dumps(performance),
        )[0]  # fmt: skip

    def record(version: int, condition: str | None = None, period: str | None = None) -> None:
        facts = {"retrain": True, "reason": "test", "version": version, "definition": "first"}
        facts |= {"condition": condition, "period": period}
        user.rows("select ml.record_retraining(%s, %s)", NAME, json.dumps(facts))

    no_version = (None, None, True, "No version is in use.", None, None)
    assert decide(None) == decide({"drift": True}) == no_version
    user.train(NAME)
    assert decide(None) == (1, 1, True, None, None, None)
    conditions = {"days": 3, "new_rows": 5, "drift": True}
    changed = "The SQL or the settings of the model have changed."
    assert decide(conditions) == (1, 1, True, changed, "definition", None)
    record(1)
    rows_read, metric, lower = user.rows(
        "select rows_read, metric, lower from ml.model_versions where model = %s", NAME
    )[0]
    assert decide(conditions, rows_read + 4) == NONE_HOLDS
    new_rows = (1, 1, True, "5 new rows since version 1; the limit is 5.", "new_rows", None)
    assert decide(conditions, rows_read + 5) == new_rows

    feature = user.value(
        "select feature from ml.importances where model = %s and mean > 0 limit 1", NAME
    )
    admin.rows(
        "insert into ml.drifts (model, version, measured_at, period, feature, kind, rows, verdict) "
        "select %s, 1, now(), period, feature, kind, 9, verdict from (values "
        "('2026-01', %s, 'number', 'retrain'), ('2026-02', %s, 'number', 'watch'), "
        "('2026-02', '(score)', 'score', 'retrain')) as drifts (period, feature, kind, verdict)",
        NAME, feature, feature,
    )  # fmt: skip
    # Neither an older period nor the score counts.
    assert decide(conditions) == NONE_HOLDS
    admin.rows(
        "update ml.drifts set verdict = 'retrain' where model = %s and period = '2026-02'", NAME
    )
    drift = (1, 1, True, f"Input drift in 2026-02: {feature}.", "drift", "2026-02")
    assert decide(conditions) == drift
    assert decide({"new_rows": 5}, rows_read) == NONE_HOLDS
    record(1, "drift", "2026-02")
    # The period has led to a training.
    assert decide(conditions) == NONE_HOLDS

    predictions = {
        "model_version": 1, "metric": metric, "metric_label": "Metric", "period": "2026-03",
        "period_label": "Mar 2026", "value": None, "estimate_text": "0.1",
        "estimate_lower": lower - 0.2, "estimate_upper": lower - 0.1, "newest_rank": 1,
    }  # fmt: skip
    *decision, reason, condition, period = decide({"performance": True}, None, [predictions])
    assert decision == [1, 1, True] and (condition, period) == ("performance", "2026-03")
    assert reason.startswith("Metric of Mar 2026: 0.1 estimated, ")
    assert reason.endswith(" at the test of version 1.")
    as_at_test = predictions | {"estimate_upper": lower}
    older = predictions | {"newest_rank": 2}
    assert decide({"performance": True}, None, [as_at_test, older]) == NONE_HOLDS
    assert decide({"days": 3}, None, [predictions]) == NONE_HOLDS

    admin.rows(
        "update ml.model_versions set trained_at = now() - interval '4 days' where model = %s", NAME
    )
    days = (1, 1, True, "Version 1 was trained 4 days ago; the limit is 3.", "days", None)
    assert decide(conditions, rows_read + 5) == days
