"""Rights on the registry and the descriptions of its objects, in a real Postgres."""

from contextlib import closing
from typing import Any

import psycopg2
import pytest

from .engine import QUICK, Session, admin, cells, mixed, user

__all__ = ["admin", "cells", "mixed", "user"]  # fixtures


def test_train_and_predict_need_select_right(admin: Session, user: Session, cells: str) -> None:
    admin.rows("drop schema if exists engine_test_secret cascade")
    admin.rows("create schema engine_test_secret")
    admin.rows("create table engine_test_secret.wages as select 1 as id, 2 as wage")
    user.train("engine test reader", cells, "malignant", key="id")
    try:
        for call in (
            lambda query: user.train("engine test thief", query, "wage"),
            lambda query: user.predict("engine test reader", query),
        ):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="permission denied"):
                call("select * from engine_test_secret.wages")
    finally:
        admin.rows("drop schema engine_test_secret cascade")


def test_registry_is_written_only_by_owner_functions(
    engine: Any, admin: Session, user: Session, cells: str
) -> None:
    user.train("engine test door", cells, "malignant")
    for statement in (
        "update ml.model_versions set score = 1",
        "delete from ml.model_versions",
        "insert into ml.artifacts values ('x', 1, '', '')",
        "truncate ml.metrics",
        "create table ml.mine ()",
        "set role ml_registry",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            user.rows(statement)
    functions = admin.rows("""
        select proname from pg_proc
        where pronamespace = 'ml'::regnamespace and has_function_privilege('public', oid, 'execute')
    """)
    assert functions == []
    # Only what nobody can abuse runs with the rights of its owner.
    definers = admin.rows(
        "select proname, proowner::regrole::text, proconfig from pg_proc "
        "where pronamespace = 'ml'::regnamespace and prosecdef order by 1"
    )
    function_names = (
        "drop_model", "drop_version", "expect_tests", "numbers", "promote", "record_contest",
        "record_drift", "record_groups", "record_profile", "record_refresh",
        "record_retraining", "record_test", "record_version", "reserve_version", "rollback",
    )  # fmt: skip
    path = ["search_path=pg_catalog, pg_temp"]
    assert definers == [(name, "ml_registry", path) for name in function_names]
    for login in ("dashboard", "analyst"):
        with (
            closing(Session(engine.dsn(login))) as reader,
            pytest.raises(psycopg2.errors.InsufficientPrivilege),
        ):
            reader.predict("engine test door", "select 1 as id")


def test_model_belongs_to_role_that_trained_it(
    engine: Any, admin: Session, user: Session, cells: str
) -> None:
    for name in ("engine_ada", "engine_ben"):
        admin.rows(f"drop role if exists {name}")
        admin.rows(f"create role {name} login password 'x' in role transformer")
    logins = [
        engine.dsn("transformer") | {"user": f"engine_{name}", "password": "x"}
        for name in ("ada", "ben")
    ]
    with closing(Session(logins[0])) as ada, closing(Session(logins[1])) as ben:
        for _ in range(2):
            ada.train(
                "engine test owned", cells, "malignant", options=QUICK | {"retrain": "always"}
            )
        user.train("engine test shared", cells, "malignant")
        for model, owner in (
            ("engine test owned", "engine_ada"),
            ("engine test shared", "transformer"),
        ):
            for call in (
                "promote(%s, 1)",
                "rollback(%s)",
                "drop_version(%s, 1)",
                "drop_model(%s)",
                "reserve_version(%s)",
                "expect_tests(%s, 1, '{}')",
                "record_test(%s, 1, '{}')",
            ):
                ben.rows("set role transformer")
                with pytest.raises(
                    psycopg2.errors.InsufficientPrivilege,
                    match=f"Model '{model}' belongs to {owner}, and you are engine_ben",
                ):
                    ben.rows(f"select ml.{call}", model)
        assert ben.predict("engine test shared", f"select * from ({cells}) as a limit 1")
        assert ada.rows("select ml.rollback('engine test owned')") == [(1,)]
        assert user.rows("select ml.promote('engine test owned', 2)") == [(1,)]
        assert admin.rows("select ml.drop_model('engine test shared')") == [(1,)]
        assert ada.rows("select ml.drop_model('engine test owned')") == [(2,)]


def test_schema_objects_have_descriptions(admin: Session) -> None:
    bare = admin.rows("""
        select 'function ' || proname from pg_proc
        where pronamespace = 'ml'::regnamespace and obj_description(oid, 'pg_proc') is null
        union all
        select 'table ' || relname from pg_class
        where relnamespace = 'ml'::regnamespace and relkind = 'r'
            and obj_description(oid, 'pg_class') is null
        union all
        select 'column ' || attrelid::regclass || '.' || attname from pg_attribute
        join pg_class on pg_class.oid = attrelid
        where relnamespace = 'ml'::regnamespace and relkind = 'r' and attnum > 0
            and not attisdropped and col_description(attrelid, attnum) is null
    """)
    assert bare == []
    about = admin.rows("select obj_description('ml.train'::regproc, 'pg_proc')")[0][0]
    for argument in ("model text:", "query text:", "options jsonb:", "Returns ml.training_result:"):
        assert argument in about


def test_algorithm_catalogue(user: Session) -> None:
    result = {
        row[0]: row
        for row in user.rows("select * from ml.algorithms() where task = 'classification'")
    }
    assert set(result) >= {"dummy", "logistic_regression", "hist_gradient_boosting"}
    assert result["logistic_regression"][5]["C"] == 1.0
