"""Invalid trainings and predictions end with a one-line error and leave nothing behind."""

import psycopg2
import pytest

from .engine import Session, admin, cells, user

__all__ = ["admin", "cells", "user"]  # fixtures


def test_timed_out_training_leaves_nothing(user: Session, cells: str) -> None:
    name = "engine test stopped"
    user.rows("set statement_timeout = '300ms'")
    try:
        with pytest.raises(psycopg2.errors.QueryCanceled, match="statement timeout"):
            user.train(
                name, cells, "malignant", algorithms=["random_forest", "hist_gradient_boosting"] * 9
            )
    finally:
        user.rows("reset statement_timeout")
    assert user.rows("select count(*) from ml.model_versions where model = %s", name) == [(0,)]


@pytest.mark.parametrize(
    ("query", "target", "options", "message", "hint"),
    [
        ("select * from engine_test.cels", "malignant", {}, "cels.* does not exist", None),
        (
            "select 1 as a) as b; drop table engine_test.cells; --",
            "a",
            {},
            "one statement",
            "SELECT",
        ),
        ("delete from engine_test.cells returning *", "malignant", {}, "syntax error", None),
        (
            "with gone as (delete from engine_test.cells returning *) select * from gone",
            "malignant",
            {},
            "must be at the top level",
            None,
        ),
        ("select 1 as a, 2 as a", "a", {}, "more than one column named 'a'", "AS"),
        ("{cells} where false", "malignant", {}, "returns no row", "conditions"),
        ("{cells} where malignant", "malignant", {}, "one value only: 'true'", "two classes"),
        ("{cells}", "malign", {}, "no column 'malign'", "malignant"),
        ("{cells}", "malignant", {"key": "ids"}, "no column 'ids'", "id"),
        ("{cells}", "malignant", {"task": "classify"}, "no task 'classify'", "classification"),
        ("{cells}", "malignant", {"metric": "auc"}, "no metric 'auc'", "roc_auc"),
        ("{cells}", "malignant", {"algorithms": ["logistic"]}, "no algorithm", "logistic_regress"),
        ("{cells}", "malignant", {"options": {"fold": 2}}, "no entry 'fold'", "folds"),
        (
            "select *, case when id = 5 then 'Infinity' else f0 end as endless "
            "from engine_test.cells",
            "malignant",
            {},
            "'endless' holds infinite",
            "NULL",
        ),
        ("{cells} where id in (1, 19)", "malignant", {}, "test part has no row", "more rows"),
    ],
)
def test_invalid_training_is_one_line_error(
    user: Session,
    cells: str,
    query: str,
    target: str,
    options: dict,
    message: str,
    hint: str | None,
) -> None:
    with pytest.raises(psycopg2.Error, match=message) as caught:
        user.train("engine test refused", query.format(cells=cells), target, **options)
    diagnostics = caught.value.diag
    assert diagnostics.message_primary.startswith("ml.train: ")
    assert "\n" not in diagnostics.message_primary
    assert hint is None or hint in diagnostics.message_hint
    assert caught.value.pgcode not in (None, "XX000", "38000")
    assert user.rows("select count(*) from engine_test.cells") == [(569,)]
    versions = user.rows("select * from ml.model_versions where model = 'engine test refused'")
    assert versions == []


def test_missing_or_changed_column_error_names_column(user: Session, cells: str) -> None:
    name = "engine test columns"
    user.train(name, cells, "malignant", key="id")
    with pytest.raises(psycopg2.Error, match="no column 'f0', a feature of the model"):
        user.predict(name, "select id, f1 from engine_test.cells")
    with pytest.raises(psycopg2.Error, match=r"'f0' is of type text.*double precision"):
        others = ", ".join(f"f{position}" for position in range(1, 30))
        user.predict(name, cells.replace("*", f"id, f0::text, {others}"))
    with pytest.raises(psycopg2.Error, match=r"no model 'engine test colums'") as caught:
        user.predict("engine test colums", cells)
    assert name in caught.value.diag.message_hint
    # Of another number type, in another order, with more beside: no error.
    columns = ", ".join(f"f{i}::numeric" for i in reversed(range(30)))
    same = user.predict(name, f"select 1 as more, part, {columns}, id from engine_test.cells")
    assert sorted(same) == sorted(user.predict(name, cells))
    assert user.predict(name, cells + " where false") == []


def test_regression_of_text_hints_at_classification(user: Session) -> None:
    with pytest.raises(psycopg2.Error, match="is of type text; a regression predicts") as error:
        user.train(
            "engine test text", "select 1 as a, 'x' as y", "y", task="regression", algorithms=None
        )
    assert "task => 'classification'" in str(error.value.diag.message_hint)
