"""ml.train, ml.predict and the registry in a real Postgres."""

from typing import Any

import numpy as np
import psycopg2
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from .engine import QUICK, Session, admin, cells, mixed, user

__all__ = ["admin", "cells", "mixed", "user"]  # fixtures


def test_predictions_equal_scikit_learn(user: Session, cells: str) -> None:
    exact = {"solver": "newton-cholesky", "tol": 1e-10}
    user.train(
        "engine test exact",
        cells,
        "malignant",
        key="id",
        algorithms=[{"algorithm": "logistic_regression", "params": exact}],
        split={"by": "column", "column": "part"},
    )
    data = load_breast_cancer()
    training = np.arange(len(data.data)) % 5 > 0
    model = make_pipeline(StandardScaler(), LogisticRegression(**exact))
    model.fit(data.data[training], data.target[training] == 0)
    result = {int(key): row for key, *row in user.predict("engine test exact", cells)}
    expected = model.predict_proba(data.data)[:, 1]
    scores = np.array([result[number][1] for number in range(len(expected))])
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-9)
    assert [result[n][0] == "true" for n in range(len(expected))] == (expected > 0.5).tolist()
    assert result[0][2]["true"] == result[0][1]


def test_repeated_training_gives_identical_results(user: Session, cells: str) -> None:
    both = ["logistic_regression", "hist_gradient_boosting"]
    name = "engine test again"
    first = user.train(name, cells, "malignant", key="id", algorithms=both)
    predictions = sorted(user.predict(name, cells))
    for query in (cells, cells + " order by random()", cells + " order by f1 desc"):
        second = user.train(name, query, "malignant", key="id", algorithms=both)
        assert second["version"] > first["version"]
        assert (second["score"], second["algorithm"]) == (first["score"], first["algorithm"])
        assert sorted(user.predict(name, cells)) == predictions
    for table in ("metrics", "curves", "confusion", "importances", "distributions"):
        differences = user.rows(f"""
            select to_jsonb(t) - 'version' as fact from ml.{table} as t where model = '{name}'
            group by 1 having count(*) <> 4
        """)
        assert differences == [], table
    prints = user.rows(
        "select count(distinct data_fingerprint) from ml.model_versions where model = %s", name
    )
    assert prints == [(1,)]


def test_retrained_model_predicts_in_same_session(user: Session, cells: str) -> None:
    name = "engine test fresh"
    user.train(name, cells, "malignant", key="id")
    old = dict(row[:1] + row[2:3] for row in user.predict(name, cells))
    user.train(
        name,
        cells.replace("*", "*, not malignant as benign"),
        "benign",
        key="id",
        algorithms=["dummy"],
    )
    new = dict(row[:1] + row[2:3] for row in user.predict(name, cells))
    assert len(set(new.values())) == 1 < len(set(old.values()))
    assert dict(row[:1] + row[2:3] for row in user.predict(name, cells, 1)) == old


def test_all_column_types_and_names_are_supported(user: Session, mixed: str) -> None:
    name = "engine test '\"; drop schema ml cascade; --%s é"
    both = ["logistic_regression", "hist_gradient_boosting"]
    result = user.train(name, mixed, "target", key='the "key"', algorithms=both)
    assert result["score"] > 0.9
    version = user.version(name)
    kinds = {feature["name"]: feature["kind"] for feature in version["features"]}
    assert kinds == {
        "whole": "number",
        "weird; name\" '%s": "number",
        "Größe": "number",
        "text, with comma": "category",
        "size": "category",
        "flag": "boolean",
        "day": "time",
        "moment": "time",
    }
    assert {entry["name"] for entry in version["excluded"]} == {
        "nothing",
        "unique_text",
        "unique_uuid",
        "document",
    }
    rows = user.predict(name, mixed + " limit 10")
    assert len(rows) == 10
    assert rows[0][0] == "key 1"


def test_registry_rows_are_complete(user: Session, mixed: str) -> None:
    name = "engine test whole"
    user.rows("set glasshouse.git_commit = 'abc123'")
    user.train(name, mixed, "target", key='the "key"')
    user.rows("reset glasshouse.git_commit")
    version = user.version(name)
    assert version["trained_by"] == "transformer"
    assert version["git_commit"] == "abc123"
    assert version["rows_train"] + version["rows_test"] == version["rows_read"] == 300
    assert version["lower"] <= version["score"] <= version["upper"]
    assert version["peak_memory_mb"] > 20
    counts = user.rows(
        "select feature, sum(n) from ml.distributions where model = %s group by 1", name
    )
    assert {count for _, count in counts} == {300}
    assert user.rows("select sum(n) from ml.confusion where model = %s", name) == [(60,)]
    curves = user.rows("select distinct curve from ml.curves where model = %s", name)
    assert {curve for (curve,) in curves} == {
        "roc",
        "precision_recall",
        "calibration",
        "gain",
        "learning",
        "score_distribution",
        "score_overall",
        "threshold",
    }
    metrics = user.rows(
        "select series, metric, value, lower, upper from ml.metrics"
        " where model = %s and split = 'test'",
        name,
    )
    assert len(metrics) == 20
    # The baseline flags nothing, so nobody can say how often its flags are right.
    unknown = [metric[:2] for metric in metrics if metric[3] is None]
    assert unknown == [("baseline", "precision")]
    assert all(lower <= value <= upper for *_, value, lower, upper in metrics if lower is not None)


def test_time_split_tests_on_latest_rows(user: Session, mixed: str) -> None:
    name = "engine test time"
    split = {"by": "time", "column": "moment", "test": 0.25}
    user.train(name, mixed, "target", key='the "key"', split=split)
    version = user.version(name)
    assert (version["rows_train"], version["rows_test"]) == (225, 75)
    assert {"name": "moment", "reason": "It decides the split."} in version["excluded"]


def test_versions_are_numbered_and_one_is_champion(user: Session, cells: str) -> None:
    name = "engine test versions"
    results = [
        user.train(name, cells, "malignant", options={**QUICK, "promote": promote})
        for promote in ("never", "always", "always", "never")
    ]
    assert [r["version"] for r in results] == [1, 2, 3, 4]
    assert [r["champion"] for r in results] == [False, True, True, False]
    states = user.rows(
        "select status from ml.model_versions where model = %s order by version", name
    )
    assert [s for (s,) in states] == ["candidate", "archived", "champion", "candidate"]


def test_unchanged_rows_are_not_trained_again(user: Session, cells: str) -> None:
    name = "engine test unchanged"
    options = {**QUICK, "retrain": "if_changed"}
    versions = [
        user.train(name, query, "malignant", options=options)["version"]
        for query in (cells, cells + " order by random()", cells + " where id < 500")
    ]
    assert versions == [1, 1, 2]


def test_concurrent_trainings_lose_no_version(engine: Any, user: Session, cells: str) -> None:
    name = "engine test together"
    other = Session(engine.dsn("transformer"))
    user.connection.autocommit = other.connection.autocommit = False
    try:
        assert user.train(name, cells, "malignant")["version"] == 1
        other.rows("set lock_timeout = '200ms'")
        with pytest.raises(psycopg2.errors.LockNotAvailable):
            other.train(name, cells, "malignant")
        user.connection.commit()
        other.connection.rollback()
        assert other.train(name, cells, "malignant")["version"] == 2
        other.connection.commit()
    finally:
        user.connection.rollback()
        user.connection.autocommit = True
        other.connection.close()
    champions = user.rows(
        "select version from ml.model_versions where model = %s and status = 'champion'", name
    )
    assert champions == [(2,)]


def test_reading_without_rawbytes_gives_same_rows(engine: Any, admin: Session, cells: str) -> None:
    """Without ml.rawbytes the documented conversion is used, and nothing else changes."""
    name = "engine test slow"
    scores = []
    for allowed in (True, False):
        verb = (
            "grant execute on function ml.rawbytes to"
            if allowed
            else ("revoke execute on function ml.rawbytes from")
        )
        admin.rows(f"{verb} transformer")
        session = Session(engine.dsn("transformer"))
        try:
            session.train(name, cells, "malignant", key="id")
            scores.append(sorted(session.predict(name, cells)))
        finally:
            session.connection.close()
            admin.rows("grant execute on function ml.rawbytes to transformer")
    assert scores[0] == scores[1]
