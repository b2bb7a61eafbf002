"""The rows that ml.train writes into ml.checks."""

from typing import Any

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn

Rows = list[dict[str, Any]]


def trained_checks(rows: Rows, **changes: Any) -> Rows:
    """The rows of ml.checks of a quick training."""
    db = StandIn(rows)
    call(db, **{"options": {"folds": 2, "importance_repeats": 0, "bootstrap": 0}, **changes})
    return db.recorded[-1]["checks"]


def of_severity(checks: Rows, severity: str) -> list[str]:
    """The codes of the findings of a severity."""
    return [row["code"] for row in checks if row["severity"] == severity]


def finding(checks: Rows, code: str) -> dict[str, Any]:
    """The only row of a check."""
    (row,) = [row for row in checks if row["code"] == code]
    return row


def columns_of(checks: Rows, code: str, severity: str) -> list[str | None]:
    """The columns of the findings of one check."""
    return [
        row.get("column_name")
        for row in checks
        if (row["code"], row["severity"]) == (code, severity)
    ]
