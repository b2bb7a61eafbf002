"""CSV files become tables: completely or not at all, repeatedly, and with dependent views."""

from pathlib import Path

import psycopg2
import pytest

from scripts.data.load import load_files
from scripts.data.sample import load_sample
from scripts.errors import UserError

PEOPLE = "customerID,name,born,score,member\n00123,Ada,1815-12-10,1.5,true\n00124,,,2,false\n"


@pytest.fixture
def query(engine):
    """Run SQL as transformer; its rows."""

    def run(text: str) -> list[tuple]:
        connection = psycopg2.connect(**engine.dsn("transformer"))
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(text)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    run("drop table if exists csv.people cascade")
    return run


@pytest.fixture
def load(engine, tmp_path: Path):
    """Load this text as csv.people."""

    def run(text: str, **options: str):
        path = tmp_path / "people.csv"
        path.write_text(text)
        return load_files(engine.dsn("transformer"), [path], **options)

    return run


def columns(query) -> dict[str, str]:
    return dict(
        query(
            "select column_name, data_type from information_schema.columns"
            " where table_schema = 'csv' and table_name = 'people'"
        )
    )


def test_types_values_owner_and_origin(load, query) -> None:
    result = load(PEOPLE)
    assert (result.rows, result.change) == (2, "new")
    assert columns(query) == {
        "customer_id": "text",
        "name": "text",
        "born": "date",
        "score": "double precision",
        "member": "boolean",
    }
    rows = query("select customer_id, name, born::text, score, member from csv.people order by 1")
    assert rows == [("00123", "Ada", "1815-12-10", 1.5, True), ("00124", None, None, 2.0, False)]
    owner = query("select tableowner from pg_tables where tablename = 'people'")
    assert owner == [("transformer",)]
    comment = query("select obj_description('csv.people'::regclass)")[0][0]
    assert comment.startswith("Loaded from people.csv · 2 rows · ")


def test_reload_replaces_rows_and_keeps_views(load, query) -> None:
    load(PEOPLE)
    query("create view csv.people_view as select customer_id, score from csv.people")
    result = load("customerID,name,born,score,member\nA7,Bo,2000-01-01,3,true\n")
    assert result.change == "rows replaced"
    # The new file's scores are whole numbers; the column stays what the view knows.
    assert query("select * from csv.people_view") == [("A7", 3.0)]


def test_new_column_is_added_under_views(load, query) -> None:
    load(PEOPLE)
    query("create view csv.people_view as select customer_id from csv.people")
    result = load("customerID,name,born,score,member,city\n1x,Bo,2000-01-01,3,true,Ulm\n")
    assert result.change == "rows replaced; new: city"
    assert query("select city from csv.people") == [("Ulm",)]


def test_changed_columns_are_accepted_without_dependents(load, query) -> None:
    load(PEOPLE)
    result = load("id,score\n1,high\n")
    assert "gone: customer_id, name, born, member" in result.change
    assert "score is text now, was double precision" in result.change
    assert columns(query) == {"id": "bigint", "score": "text"}


def test_changed_columns_are_refused_with_view(load, query) -> None:
    load(PEOPLE)
    query("create view csv.people_view as select born from csv.people")
    with pytest.raises(UserError, match=r"gone: .*born.*csv\.people_view reads it") as caught:
        load("customerID\n9z\n")
    assert "\n" not in caught.value.line
    assert query("select count(*) from csv.people") == [(2,)]


@pytest.mark.parametrize(
    ("torn", "message"),
    [
        (
            PEOPLE + "00125,Eve\n",
            r"people\.csv, line 4: the row has 2 fields, the first line has 5",
        ),
        (PEOPLE + '00125,"Eve,,,\n', r"people\.csv, line 4: a quote is opened here"),
        ("customerID,name\n", "no rows below its header"),
    ],
)
def test_truncated_file_changes_nothing(load, query, torn: str, message: str) -> None:
    load(PEOPLE)
    with pytest.raises(UserError, match=message):
        load(torn)
    assert query("select count(*) from csv.people") == [(2,)]
    assert query("select count(*) from pg_tables where tablename like '%loading'") == [(0,)]


def test_truncated_file_creates_no_table(load, query) -> None:
    with pytest.raises(UserError):
        load(PEOPLE + "1\n")
    assert query("select to_regclass('csv.people')") == [(None,)]


def test_special_values_and_names_are_unchanged(load, query) -> None:
    load('select,"a""b",text\n1,"x, ""y""\nz",\\N\n2,\'; drop table csv.people; --,"a\n\\.\nb"\n')
    assert query('select "select", a_b, text from csv.people order by 1') == [
        (1, 'x, "y"\nz', "\\N"),
        (2, "'; drop table csv.people; --", "a\n\\.\nb"),
    ]


def test_single_column_with_missing_values(load, query) -> None:
    assert load('name\nAda\n""\n\\.\n').rows == 3
    assert query("select name from csv.people order by name") == [("Ada",), ("\\.",), (None,)]


def test_file_in_other_schema(load, query) -> None:
    result = load(PEOPLE, schema="people", name="Our People")
    assert (result.schema, result.table) == ("people", "our_people")
    assert query("select count(*) from people.our_people") == [(2,)]
    query("drop schema people cascade")


def test_large_file_is_streamed(load, query) -> None:
    rows = "".join(f"{number},{number / 7!r},some text {number}\n" for number in range(150_000))
    assert load(f"id,share,words\n{rows}").rows == 150_000
    assert query("select count(*), sum(id), max(words) from csv.people") == [
        (150_000, 150_000 * 149_999 // 2, "some text 99999")
    ]


def test_sample_is_loaded_once(engine, query, tmp_path: Path) -> None:
    assert load_sample(engine.dsn("transformer"), tmp_path) == "already there"
    assert query(
        "select count(*), count(distinct id), count(*) filter (where diagnosis = 'malignant')"
        " from csv.breast_cancer"
    ) == [(569, 569, 212)]


@pytest.mark.parametrize(
    ("file", "rows", "sample"),
    [
        ("telco_churn/*.csv", 7043, {"total_charges": "double precision", "churn": "text"}),
        ("adult/adult_train.csv", 32561, {"age": "bigint", "income": "text"}),
    ],
)
def test_real_files(load, query, engine, data_folder: Path, file: str, rows: int, sample) -> None:
    path = next(data_folder.glob(file))
    result = load_files(engine.dsn("transformer"), [path], "people")
    assert result.rows == rows
    assert sample.items() <= result.columns.items()
    assert query("select count(*) from csv.people") == [(rows,)]
