"""Promotion, rollback, removal and retention of versions in a real Postgres."""

from contextlib import closing
from typing import Any

import psycopg2
import pytest

from .registry import ROWS, Session, admin, three_versions, user

__all__ = ["admin", "three_versions", "user"]  # fixtures


VERBS = ("promote", "rollback", "drop_version", "drop_model")


def test_promote_and_rollback(user: Session, three_versions: str) -> None:
    assert user.states(three_versions) == {1: "archived", 2: "archived", 3: "champion"}
    assert user.value("select ml.promote(%s, 1)", three_versions) == 3
    assert user.states(three_versions) == {1: "champion", 2: "archived", 3: "archived"}
    # Promoting the champion is no new reign, so a rollback still finds the one before.
    assert user.value("select ml.promote(%s, 1)", three_versions) == 1
    assert user.value("select ml.rollback(%s)", three_versions) == 3
    assert user.value("select ml.rollback(%s)", three_versions) == 2
    assert user.value("select ml.rollback(%s)", three_versions) == 1
    assert user.states(three_versions) == {1: "champion", 2: "archived", 3: "archived"}
    with pytest.raises(psycopg2.Error, match="No earlier champion") as caught:
        user.rows("select ml.rollback(%s)", three_versions)
    assert "ml.promote" in caught.value.diag.message_hint


def test_promotions_are_recorded(user: Session, three_versions: str) -> None:
    moments = [user.value("select clock_timestamp()")]
    for call in ("ml.promote(%s, 1)", "ml.rollback(%s)", "ml.rollback(%s)", "ml.promote(%s, 1)"):
        user.rows(f"select {call}", three_versions)
        moments.append(user.value("select clock_timestamp()"))
    reigns = [
        user.value(
            "select version from ml.promotions where model = %s and promoted_at < %s "
            "and (undone_at is null or undone_at > %s) order by promotion desc limit 1",
            three_versions,
            moment,
            moment,
        )
        for moment in moments
    ]
    assert reigns == [3, 1, 3, 2, 1]
    assert user.rows(
        "select distinct promoted_by from ml.promotions where model = %s", three_versions
    ) == [("transformer",)]


def test_predict_uses_champion(user: Session) -> None:
    name = "registry test predict"
    user.train(name, "dummy")
    user.train(name)

    def scores() -> int:
        return user.value("select count(distinct score) from ml.predict(%s, %s)", name, ROWS)

    assert scores() > 1
    user.rows("select ml.rollback(%s)", name)
    assert scores() == 1
    user.rows("select ml.promote(%s, 2)", name)
    assert scores() > 1


def test_drop_version(user: Session, three_versions: str) -> None:
    with pytest.raises(psycopg2.Error, match="Version 3 is the champion") as caught:
        user.rows("select ml.drop_version(%s, 3)", three_versions)
    assert "ml.promote or ml.rollback" in caught.value.diag.message_hint
    assert user.value("select ml.drop_version(%s, 2)", three_versions) == 2
    counts = user.rows(
        "select (select count(*) from ml.artifacts where model = %s and version = 2), "
        "(select count(*) from ml.distributions where model = %s and version = 2)",
        three_versions,
        three_versions,
    )
    assert counts == [(0, 0)]
    # The champion before is gone, so the one before that is meant.
    assert user.value("select ml.rollback(%s)", three_versions) == 1
    assert user.value("select ml.drop_version(%s, 3)", three_versions) == 1
    # A number is never given twice.
    assert user.train(three_versions) == 4


def test_drop_model(user: Session, three_versions: str) -> None:
    assert user.value("select ml.drop_model(%s)", three_versions) == 3
    assert user.states(three_versions) == {}
    for table in ("models", "promotions", "artifacts", "metrics", "curves", "distributions"):
        assert user.rows(f"select from ml.{table} where model = %s", three_versions) == []
    assert user.train(three_versions) == 1


@pytest.mark.parametrize(
    ("call", "message", "hint"),
    [
        ("ml.promote('registry test none', 1)", "no model 'registry test none'", "Known: "),
        ("ml.promote('{name}', 9)", "has no version 9", "It has: 1"),
        ("ml.promote('{name}', null)", "has no version NULL", "It has: 1"),
        ("ml.promote(null, 1)", "no model NULL", "Known: "),
        ("ml.rollback('registry test none')", "no model", "Known: "),
        ("ml.rollback('{name}')", "No earlier champion", "ml.promote"),
        ("ml.drop_version('{name}', 0)", "has no version 0", "It has: 1"),
        ("ml.drop_model('registry ''; drop schema ml')", "no model", "Known: "),
    ],
)
def test_missing_model_or_version_is_error(
    user: Session, call: str, message: str, hint: str
) -> None:
    name = "registry test errors"
    if not user.states(name):
        user.train(name)
    with pytest.raises(psycopg2.Error, match=message) as caught:
        user.rows(f"select {call.format(name=name)}")
    diagnostics = caught.value.diag
    assert diagnostics.message_primary.startswith(call.split("(")[0] + ": ")
    assert hint in diagnostics.message_hint
    assert caught.value.pgcode == "22023"


def test_only_better_version_becomes_champion(user: Session) -> None:
    name = "registry test better"
    user.train(name, "dummy", promote="if_better")
    user.train(name, promote="if_better")
    user.train(name, promote="if_better")
    user.train(name, "dummy", promote="if_better")
    assert user.states(name) == {1: "archived", 2: "champion", 3: "rejected", 4: "rejected"}
    (result,) = user.rows(
        "select comparison from ml.model_versions where model = %s and version = 4", name
    )[0]
    assert result["champion"] == 2
    assert result["better"] is False
    assert result["champion_score"] > result["score"] == 0.5
    assert result["upper"] < 0
    assert user.value("select ml.rollback(%s)", name) == 1


def test_retention(user: Session) -> None:
    name = "registry test keep"
    user.train(name)
    user.train(name)
    for _ in range(4):
        user.train(name, "dummy", promote="never", keep=2)
    version_rows = user.rows("select version from ml.artifacts where model = %s order by 1", name)
    # 2 is champion, 1 was before it, 5 and 6 are the newest.
    assert [version for (version,) in version_rows] == [1, 2, 5, 6]
    assert len(user.states(name)) == 6
    metrics = user.rows("select distinct version from ml.metrics where model = %s", name)
    assert len(metrics) == 6
    with pytest.raises(psycopg2.Error, match=r"Version 3 of model .* was retired"):
        user.rows("select * from ml.predict(%s, %s, 3)", name, ROWS)
    with pytest.raises(psycopg2.Error, match=r"ml\.promote: Version 3 .* was retired"):
        user.rows("select ml.promote(%s, 3)", name)


def test_registry_rights(engine: Any, admin: Session, user: Session) -> None:
    name = "registry test rights"
    user.train(name)
    with closing(Session(engine.dsn("dashboard"))) as dashboard:
        for call in (
            "promote('x', 1)",
            "rollback('x')",
            "drop_version('x', 1)",
            "drop_model('x')",
            "explain('x', 'select 1')",
            "evaluate('x', 'select 1')",
            "drift('x', 'select 1')",
            "help()",
        ):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                dashboard.rows(f"select ml.{call}")
    for statement in (
        "update ml.promotions set version = 1",
        "delete from ml.promotions",
        "insert into ml.models values ('x', 1)",
        "update ml.models set last_version = 0",
        "update ml.model_versions set status = 'champion'",
        "select ml.set_champion('registry test rights', 1, 'train')",
        "select ml.retire_versions('registry test rights', 0)",
        "select ml.lock_model('promote', 'registry test rights')",
        "alter function ml.promote(text, integer) security invoker",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            user.rows(statement)
    functions = admin.rows("""
        select proname, proowner::regrole::text, proconfig from pg_proc
        where pronamespace = 'ml'::regnamespace and prosecdef order by 1
    """)
    path = ["search_path=pg_catalog, pg_temp"]
    others = ("expect_tests", "numbers", "record_drift", "record_profile", "record_test")
    others += ("record_contest", "record_refresh", "record_retraining")
    others += ("record_groups", "record_version", "reserve_version")
    assert functions == [(function, "ml_registry", path) for function in sorted((*VERBS, *others))]


def test_malformed_version_is_trained_again(user: Session, admin: Session) -> None:
    name = "registry test malformed"
    assert [user.train(name, retrain="if_changed") for _ in range(2)] == [1, 1]
    admin.rows("delete from ml.artifacts where model = %s", name)
    assert user.train(name, retrain="if_changed") == 2
    assert user.train(name, retrain="if_changed") == 2


def test_other_signatures_of_function_are_dropped(admin: Session) -> None:
    remaining = (
        "select pg_get_function_identity_arguments(oid) from pg_proc "
        "where proname = 'sample' and pronamespace = 'ml'::regnamespace"
    )
    for arguments in ("first integer", "first integer, second text", "other text"):
        admin.rows(f"create function ml.sample({arguments}) returns integer return 1")
    admin.rows("select ml.drop_other_signatures('sample', 'first INTEGER', 'integer')")
    assert admin.rows(remaining) == [("first integer",)]
    admin.rows("select ml.drop_other_signatures('sample', 'first integer', 'bigint')")
    assert admin.rows(remaining) == []
