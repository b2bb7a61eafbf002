"""ml.retraining_decision: whether a build trains a model again, and why."""

import json
from typing import Any

from .registry import Session, admin, user

__all__ = ["admin", "user"]  # fixtures

NONE_HOLDS = (1, 1, False, "No condition of retrain_when holds.")


def test_first_condition_that_holds_decides(user: Session, admin: Session) -> None:
    name = "registry test retraining"

    def decide(
        conditions: dict[str, Any] | None,
        row_count: int | None = None,
        performance: str | None = None,
    ) -> tuple:
        return user.rows(
            "select * from ml.retraining_decision(%s, %s, 'first', %s, %s)",
            name, conditions and json.dumps(conditions), row_count, performance,
        )[0]  # fmt: skip

    def because(reason: str) -> tuple:
        return (1, 1, True, reason)

    assert decide(None) == (None, None, True, "No version is in use.")
    user.train(name)
    assert decide(None) == (1, 1, True, None)
    conditions = {"days": 3, "new_rows": 5, "drift": True}
    assert decide(conditions) == because("The SQL or the settings of the model have changed.")
    facts = {"retrain": True, "reason": "first", "version": 1, "definition": "first"}
    user.rows("select ml.record_retraining(%s, %s)", name, json.dumps(facts))
    rows_read = user.value("select rows_read from ml.model_versions where model = %s", name)
    assert decide(conditions, rows_read + 4) == NONE_HOLDS
    new_rows = because("5 new rows since version 1; the limit is 5.")
    assert decide(conditions, rows_read + 5) == new_rows
    assert decide({"drift": True}, performance="ROC AUC fell.") == because("ROC AUC fell.")

    feature = user.value(
        "select feature from ml.importances where model = %s and mean > 0 limit 1", name
    )
    admin.rows(
        "insert into ml.drifts (model, version, measured_at, period, feature, kind, rows, verdict) "
        "select %s, 1, now(), period, feature, kind, 9, verdict from (values "
        "('2026-01', %s, 'number', 'retrain'), ('2026-02', %s, 'number', 'watch'), "
        "('2026-02', '(score)', 'score', 'retrain')) as drifts (period, feature, kind, verdict)",
        name, feature, feature,
    )  # fmt: skip
    # Neither an older period nor the score counts.
    assert decide(conditions) == NONE_HOLDS
    admin.rows(
        "update ml.drifts set verdict = 'retrain' where model = %s and period = '2026-02'", name
    )
    assert decide(conditions) == because(f"Input drift: {feature}.")
    assert decide({"new_rows": 5}, rows_read) == NONE_HOLDS
    admin.rows("update ml.importances set mean = 0 where model = %s", name)
    assert decide(conditions) == NONE_HOLDS

    admin.rows(
        "update ml.model_versions set trained_at = now() - interval '4 days' where model = %s", name
    )
    aged = because("Version 1 was trained 4 days ago; the limit is 3.")
    assert decide(conditions, rows_read + 5) == aged
