"""ml.explain, ml.evaluate, ml.help and ml.drift in a real Postgres."""

import psycopg2
import pytest

from .registry import ROWS, Session, admin, user

__all__ = ["admin", "user"]  # fixtures


@pytest.mark.parametrize(
    "algorithm", ["logistic_regression", "hist_gradient_boosting", "random_forest"]
)
def test_explanations_sum_to_prediction(user: Session, algorithm: str) -> None:
    name = f"registry test explain {algorithm}"
    user.train(name, algorithm)
    few = ROWS + " limit 5"
    worst = user.value(
        """
        select max(abs(contributions - case when %s then ln(score / (1 - score)) else score end))
        from ml.predict(%s, %s)
        join (
            select key, sum(contribution) as contributions from ml.explain(%s, %s, 1) group by key
        ) as parts using (key)
        """,
        algorithm != "random_forest",
        name,
        few,
        name,
        few,
    )
    assert worst < 1e-9
    ranks = user.rows(
        "select rank, count(*), min(feature) = '(baseline)' from ml.explain(%s, %s) "
        "group by rank order by rank",
        name,
        few,
    )
    assert ranks == [(0, 5, True), (1, 5, False), (2, 5, False)]
    with pytest.raises(psycopg2.Error, match=r"^ml\.explain: top is 0"):
        user.rows("select * from ml.explain(%s, %s, 0)", name, few)
    values = user.rows("select value from ml.explain(%s, %s) where feature = 'a'", name, few)
    assert values[0][0] == user.value("select sin(1)::text")


def test_evaluate_measures_champion_on_new_rows(user: Session) -> None:
    name = "registry test evaluate"
    user.train(name)
    new_query = ROWS.replace("(1, 300)", "(301, 500)")
    result = {
        row[0]: row[1:] for row in user.rows("select * from ml.evaluate(%s, %s)", name, new_query)
    }
    value, lower, upper, baseline, count = result["accuracy"]
    expected = user.rows(
        "select avg((prediction::boolean = y)::int)::float8, count(*) "
        "from ml.predict(%s, %s) join (" + new_query + ") as truth on key = id::text",
        name,
        new_query,
    )
    assert expected == [(pytest.approx(value), count)]
    assert lower < value < upper
    assert baseline < value
    assert (
        user.value("select count(*) from ml.metrics where model = %s and segment <> 'all'", name)
        == 0
    )
    with pytest.raises(psycopg2.Error, match=r"^ml\.evaluate: The query returns no column 'y'"):
        user.rows("select * from ml.evaluate(%s, 'select 1 as id, 1.0 as a, 1.0 as b')", name)


def test_help_lists_public_functions(user: Session, admin: Session) -> None:
    public = admin.rows("""
        select proname::text from pg_proc
        where pronamespace = 'ml'::regnamespace
            and obj_description(oid, 'pg_proc') not like 'Internal:%' order by 1
    """)
    topics = user.rows("select topic, call, about, example from ml.help()")
    result = [row for row in topics if row[0] != "checks"]
    assert len(topics) == len(result) + 1, "the checks are the one topic that is no function"
    assert [(row[0],) for row in result] == public
    for topic, call, about, example in result:
        assert call.startswith(f"ml.{topic}(")
        assert about.endswith(".")
        assert f"ml.{topic}(" in example
        # What is shown to be copied is at least SQL that Postgres can read.
        user.rows(f"do $check$ begin return; {example}; end $check$")
    about = user.value("select about from ml.help('ml.promote')")
    assert "  version integer: Version to make champion" in about
    with pytest.raises(psycopg2.Error, match=r"^ml\.help: There is no help on 'trane'") as caught:
        user.rows("select * from ml.help('trane')")
    assert "train" in caught.value.diag.message_hint


def test_drift_is_relative_to_training_of_champion(user: Session) -> None:
    name = "registry test drift"
    user.train(name)
    statement = (
        "select feature, rows, psi, kolmogorov_smirnov from ml.drift(%s, %s) "
        "where feature <> '(score)'"
    )
    # The champion's own rows have not moved.
    assert user.rows(statement, name, ROWS) == [("a", 300, 0, 0), ("b", 300, 0, 0)]
    shifted_query = f"select id, a + 1 as a, b, id / 151 as part from ({ROWS}) as rows"
    psi = {feature: psi for feature, _, psi, _ in user.rows(statement, name, shifted_query)}
    assert psi["a"] > 0.25
    assert psi["b"] == 0
    parts = user.rows(
        "select period, rows from ml.drift(%s, %s, 'part') where feature <> '(score)'",
        name,
        shifted_query,
    )
    assert parts == [("0", 150), ("0", 150), ("1", 150), ("1", 150)]
    with pytest.raises(psycopg2.Error, match=r"^ml\.drift: The query returns no column 'b'"):
        user.rows(statement, name, "select 1.0 as a")


def test_what_if_equals_prediction_of_changed_rows(user: Session) -> None:
    name = "registry test what if"
    rows = """
        select i as id, sin(i) as a, case i % 3 when 0 then 'x, "y"' else 'z' end as b,
            date '2024-01-01' + i as c, array[i, cos(i)]::float8[] as d,
            sin(i) + cos(i * 3) > 0 as y
        from generate_series(1, 200) as i
    """
    user.rows(
        "select ml.train(%s, %s, 'classification', 'y', key => 'id',"
        " algorithms => '[\"decision_tree\"]', options => '{\"bootstrap\": 0}')",
        name,
        rows,
    )
    few = f"select * from ({rows}) as r where id <= 2 order by id desc"
    changes = [
        '{"a": -0.5}',
        '{"a": null, "b": "x, \\"y\\""}',
        '{"c": "2024-03-01", "d": [1, 0.5]}',
    ]
    changed_columns = [
        "-0.5::float8 as a, b, c, d",
        "null::float8 as a, 'x, \"y\"' as b, c, d",
        "a, b, date '2024-03-01' as c, array[1, 0.5]::float8[] as d",
    ]
    answers = user.rows(
        "select key, change::text, prediction, score from ml.what_if(%s, %s, %s)",
        name,
        few,
        f"[{', '.join(changes)}]",
    )
    expected = []
    for key in ("2", "1"):
        for change, columns in zip([None, *changes], ["a, b, c, d", *changed_columns], strict=True):
            query = f"select id, {columns} from ({rows}) as r where id = {key}"
            expected += [
                (key, change, *row)
                for row in user.rows(
                    "select prediction, score from ml.predict(%s, %s)", name, query
                )
            ]
    assert answers == expected
    assert len({score for *_, score in answers}) > 1, "the changes change something"
    for wrong, message in (
        ('{"aa": 1}', "changes names 'aa', which is no feature"),
        ('{"id": 1}', "changes names 'id', which is no feature"),
        ("[]", "changes holds no columns"),
        ("{}", "changes holds no columns"),
        ("3", "changes holds no columns"),
        ('{"a": "much"}', "invalid input syntax for type double precision"),
    ):
        with pytest.raises(psycopg2.Error, match=f"^ml.what_if: .*{message}"):
            user.rows("select * from ml.what_if(%s, %s, %s)", name, few, wrong)
