"""ml.checks in a database: rows, NOTICEs, help and rights."""

import psycopg2
import pytest

from .engine import Session, admin, cells, user

__all__ = ["admin", "cells", "user"]  # fixtures

NAME = "engine test checks"


@pytest.fixture(scope="module")
def leaky_checks(user: Session, cells: str) -> list[tuple]:
    """The rows of ml.checks of a model with a leak, and what the caller was told."""
    query = cells.replace("*", "*, malignant::int + id / 1e6 as found_on, 1 as constant")
    user.connection.notices.clear()
    user.train(NAME, query, "malignant", key="id", split={"by": "column", "column": "part"})
    return user.rows(
        "select code, severity, column_name, message, remedy from ml.checks "
        "where model = %s and version = 1 order by position",
        NAME,
    )


def test_findings_are_rows_and_notices(user: Session, leaky_checks: list[tuple]) -> None:
    issues = {(code, column) for code, severity, column, *_ in leaky_checks if severity == "issue"}
    assert issues == {("target_leakage", "found_on")}
    tips = {(code, column) for code, severity, column, *_ in leaky_checks if severity == "tip"}
    assert ("excluded_column", "constant") in tips
    for _, severity, _, message, remedy in leaky_checks:
        notices = [notice for notice in user.connection.notices if message in notice]
        assert len(notices) == (severity in ("issue", "tip"))
        assert all(remedy in notice and notice.count("\n") == 1 for notice in notices)


def test_each_check_has_help_and_outcome(user: Session, leaky_checks: list[tuple]) -> None:
    help_rows = user.rows("select topic, about, example from ml.help('checks')")
    assert {topic for topic, *_ in help_rows} == {code for code, *_ in leaky_checks}
    for topic, about, example in help_rows:
        assert "Remedy: " in about
        assert {row[3] for row in user.rows(example)} == {topic}
    (one,) = user.rows("select topic from ml.help('key_feature')")
    assert one == ("key_feature",)
    assert ("checks",) in user.rows("select topic from ml.help()")


def test_direct_write_to_checks_is_refused(user: Session, leaky_checks: list[tuple]) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        user.rows("update ml.checks set severity = 'passed'")


def test_dropped_model_has_no_checks(user: Session, leaky_checks: list[tuple]) -> None:
    user.rows("select ml.drop_model(%s)", NAME)
    assert user.rows("select 1 from ml.checks where model = %s", NAME) == []
