"""The table of checks, their rows, and the notices to the caller."""

from types import SimpleNamespace

import pytest
from glasshouse_ml.checks import checking
from glasshouse_ml.checks.facts import Finding, NotApplicable
from glasshouse_ml.checks.table import CHECKS

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn

FACTS = SimpleNamespace(check_interrupts=lambda: None)


def test_checks_table_is_complete() -> None:
    codes = [entry.code for entry in CHECKS]
    assert len(set(codes)) == len(codes) == 15
    for entry in CHECKS:
        assert entry.severity in ("issue", "tip")
        for text in (entry.meaning, entry.remedy, entry.passed):
            assert text.endswith(".") and "  " not in text
        assert entry.check.__name__ == entry.code


def test_each_check_has_row_and_each_finding_one_line(mixed: list[dict]) -> None:
    db = StandIn(mixed)
    call(db)
    rows = db.recorded[0]["checks"]
    assert {row["code"] for row in rows} == {entry.code for entry in CHECKS}
    assert [row["position"] for row in rows] == list(range(1, len(rows) + 1))
    findings = [row for row in rows if row["severity"] in ("issue", "tip")]
    assert {row["column_name"] for row in findings} >= {"id", "same", "empty"}
    notices = [notice for notice in db.notices if notice.startswith(("Issue ", "Tip "))]
    assert len(notices) == len(findings)
    assert not any("\n" in notice for notice in notices)
    for row in findings:
        assert sum(row["message"] in notice for notice in db.notices) == 1


def outcomes(monkeypatch: pytest.MonkeyPatch, check) -> list[dict]:
    entry = CHECKS[0]._replace(check=check)
    monkeypatch.setattr(checking, "CHECKS", (entry,))
    return checking.check_rows(FACTS)


def test_notices_are_limited_and_issues_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    result = [Finding(f"Number {n}.", f"c{n}", "tip" if n < 9 else None) for n in range(10)]
    rows = outcomes(monkeypatch, lambda facts: result)
    assert len(rows) == 10
    lines = list(checking.notices(rows))
    assert len(lines) == 1 + checking.MAX_NOTICES + 1
    assert lines[0].startswith("Issue target_leakage: Number 9. Leave the column out")
    assert lines[-1] == "Tip target_leakage: 4 more in ml.checks."


def test_failing_check_does_not_end_training(monkeypatch: pytest.MonkeyPatch) -> None:
    (row,) = outcomes(monkeypatch, lambda facts: [1 / 0])
    assert row["severity"] == "not_applicable" and "division by zero" in row["message"]
    (row,) = outcomes(monkeypatch, lambda facts: NotApplicable("Why."))
    assert (row["severity"], row["message"]) == ("not_applicable", "Why.")
    (row,) = outcomes(monkeypatch, lambda facts: [])
    assert (row["severity"], row["message"]) == ("passed", CHECKS[0].passed)


def test_same_rows_give_same_checks(mixed: list[dict]) -> None:
    check_rows = []
    for rows in (mixed, mixed[::-1]):
        db = StandIn(rows)
        call(db)
        check_rows.append(db.recorded[0]["checks"])
    assert check_rows[0] == check_rows[1]
