"""`make add` with unusual tables, up to the build: a proposal, or one line and nothing left."""

import random
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from scripts.add import add as module
from scripts.add.choices import Choices
from scripts.data.load import Options
from scripts.errors import UserError
from tests.clusters import Warehouse

ROWS = 200
TABLES = """
    select format('%I.%I', schemaname, tablename) from pg_tables
    where schemaname in ('csv', 'outside') order by 1
"""
OUTSIDE = r'''
    create schema outside;
    grant usage on schema outside to transformer;
    create table outside.secret as select 1 as a, 2 as b;
    create table outside.visits (visit_id int, region text, spent float8, returned boolean)
        partition by list (region);
    create table outside.visits_north partition of outside.visits for values in ('north');
    create table outside.visits_rest partition of outside.visits default;
    insert into outside.visits
    select n, (array['north', 'south'])[n % 2 + 1], sin(n), n % 3 = 0
    from generate_series(1, 200) as n;
    create view outside.visits_view as select * from outside.visits;
    create materialized view outside.visits_stored as select * from outside.visits;
    create table outside."Odd Name" as select * from outside.visits;
    create table outside.odd_columns as
    select visit_id as "Visit ID", spent as "select", region as "say ""hi""", returned as "Größe"
    from outside.visits;
    grant select on all tables in schema outside to transformer;
    revoke select on outside.secret from transformer;
'''


@dataclass
class Project:
    """`make add` in an empty project; the build is left out."""

    warehouse: Warehouse
    root: Path
    builds: list[tuple] = field(default_factory=list)

    def add(
        self,
        csv: str | bytes = "",
        table: str = "",
        test: str = "",
        options: Options | None = None,
        **choices: Any,
    ) -> dict[str, str]:
        """The dbt files by name. `csv`, `test`: contents of the files."""
        for name, text in (("visits.csv", csv), ("test.csv", test)):
            data = text if isinstance(text, bytes) else text.encode()
            (self.root / name).write_bytes(data)
        module.add(
            self.warehouse.settings.model_copy(update={"root": self.root, "state": self.root}),
            None,
            str(self.root / "visits.csv") if csv else "",
            table,
            str(self.root / "test.csv") if test else "",
            Choices(**{"target": "returned", **choices}),
            options or Options(),
        )
        return self.files()

    def files(self) -> dict[str, str]:
        models = self.root / "dbt" / "models"
        return {each.name: each.read_text() for each in sorted(models.rglob("*.*"))}

    def tables(self) -> list[tuple]:
        dsn = self.warehouse.dsn("transformer")
        with closing(psycopg2.connect(**dsn)) as session, session.cursor() as cursor:
            cursor.execute(TABLES)
            return cursor.fetchall()


@pytest.fixture
def project(
    outside: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Project]:
    project = Project(outside, tmp_path)
    before = project.tables()
    monkeypatch.setattr(module, "build", lambda *each, **_: project.builds.append(each))
    monkeypatch.setattr(module, "print_outcome", lambda *_: None)
    yield project
    dsn = outside.dsn("transformer")
    with closing(psycopg2.connect(**dsn)) as session, session, session.cursor() as cursor:
        for (name,) in set(project.tables()) - set(before):
            cursor.execute(f"drop table {name}")


@pytest.fixture(scope="module")
def outside(engine: Warehouse) -> Iterator[Warehouse]:
    """A schema that dbt's role may read in part."""
    with closing(psycopg2.connect(**engine.dsn("postgres"))) as session, session:
        session.cursor().execute(OUTSIDE)
    yield engine
    with closing(psycopg2.connect(**engine.dsn("postgres"))) as session, session:
        session.cursor().execute("drop schema outside cascade")


def lines(header: str, row: Callable[[int], str], rows: int = ROWS) -> str:
    return "\n".join([header, *map(row, range(rows))]) + "\n"


RANDOM = random.Random(1)
NOISE = [RANDOM.random() for _ in range(ROWS * 10)]


def basic(n: int) -> str:
    return f"{n},{NOISE[n]:.3f},{'abc'[n % 3]},{'yes' if NOISE[-n - 1] > 0.5 else 'no'}"


HEADER = "visit_id,spent,city,returned"
TAGS = ("new", "new; urgent", "urgent", "")
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "two rows": ({"csv": f"{HEADER}\n1,2,a,yes\n2,3,b,no\n"}, "cannot be learned from"),
    "one class": ({"csv": lines(HEADER, lambda n: f"{n},{n},a,yes")}, "1 different values"),
    "empty target": ({"csv": lines(HEADER, lambda n: f"{n},{n},a,")}, "0 different values"),
    "many classes": (
        {"csv": lines(HEADER, lambda n: f"{n},{n},a,class {n % 1000}", 2000)},
        "100 classes are the most",
    ),
    "date": (
        {"csv": lines(HEADER, lambda n: f"{n},{n},a,2026-01-{n % 28 + 1:02}")},
        "is a date",
    ),
    "decimal commas": (
        {"csv": lines("visit_id;city;returned", lambda n: f"{n};{n % 3};{n + 1000},{n % 90 + 10}")},
        "CONVERT=",
    ),
    "near miss": ({"csv": lines(HEADER, basic), "target": "Retuned"}, "write returned"),
    "unknown name": ({"csv": lines(HEADER, basic), "target": "zzz"}, "use one of visit_id"),
    "repeated key": (
        {"csv": lines(HEADER, basic), "key": "city"},
        "empty in some rows, or has a value twice",
    ),
    "few groups": (
        {"csv": lines(HEADER, lambda n: f"{n},{NOISE[n]},a,{'yn'[n % 2]}"), "group": "city"},
        "cannot be learned from",
    ),
    "time that is text": ({"csv": lines(HEADER, basic), "time": "city"}, "cannot be learned from"),
    "other columns in TEST": (
        {"csv": lines(HEADER, basic), "test": "visit_id,town\n1,a\n"},
        "lack the columns spent, city",
    ),
    "other types in TEST": (
        {"csv": lines(HEADER, basic), "test": "visit_id,spent,city\n900,much,a\n"},
        "spent is double precision",
    ),
    "key of TEST repeats": (
        {"csv": lines(HEADER, basic), "test": "visit_id,spent,city\n1,1,a\n", "key": "visit_id"},
        "has a value twice",
    ),
    "long name": ({"csv": lines(HEADER, basic), "name": "v" * 60}, "40 are the most"),
    "name in the registry": ({"csv": lines(HEADER, basic), "name": "probe"}, "already has a model"),
    "table of others": ({"table": "outside.secret", "target": "a"}, "may not read outside.secret"),
    "no table": ({"table": "outside.nothing"}, "There is no table outside.nothing"),
    "odd table name": ({"table": "outside.Odd Name"}, "lowercase letters"),
    "schema of dbt": ({"table": "reports.rpt_checks"}, "not one that dbt builds"),
}


LOSSES = {
    "fractions": (lambda n: str(n % 9), "1.5", "1.5 does not convert"),
    "times of day": (lambda n: f"2026-01-{n % 28 + 1:02}", "2026-02-03 23:00", "does not convert"),
    "time zone": (
        lambda n: f"2026-01-{n % 28 + 1:02}T10:00Z",
        "2026-02-03 10:00",
        "2026-02-03 10:00:00 does not convert",
    ),
    "day or month first": (lambda n: f"2026-01-{n % 28 + 1:02}", "05/01/2026", "does not convert"),
    "leading zeros": (lambda n: str(n), "007", "007 does not convert"),
}


@pytest.mark.parametrize("case", LOSSES)
def test_values_of_test_file_that_a_cast_would_change(project: Project, case: str) -> None:
    value, other, message = LOSSES[case]
    text = lines("visit_id,x,other,returned", lambda n: f"{n},{NOISE[n]},{value(n)},{'yn'[n % 2]}")
    arguments = {"csv": text, "test": f"visit_id,x,other\n900,1,{other}\n"}
    before = project.tables()
    with pytest.raises(UserError, match=message):
        project.add(**arguments)
    assert (project.files(), project.tables()) == ({}, before)
    # The remedy that the message names.
    files = project.add(**arguments, drop=("other",))
    assert "as other" in files["stg_csv__visits.sql"]


def test_codes_of_test_file_stay_texts(project: Project) -> None:
    text = lines("visit_id,x,code,returned", lambda n: f"{n},{NOISE[n]},1.{n % 3}0A,{'yn'[n % 2]}")
    files = project.add(text, test="visit_id,x,code\n900,1,1.50\n901,1,2.00\n")
    assert "cast(code" not in files["stg_csv__visits.sql"]
    dsn = project.warehouse.dsn("transformer")
    with closing(psycopg2.connect(**dsn)) as session, session.cursor() as cursor:
        cursor.execute("select code from csv.visits_unlabelled order by 1")
        assert cursor.fetchall() == [("1.50",), ("2.00",)]


@pytest.mark.parametrize("case", REFUSED)
def test_unusable_table_is_one_line_and_leaves_nothing(project: Project, case: str) -> None:
    arguments, message = REFUSED[case]
    before = project.tables()
    if case == "name in the registry":
        _train(project.warehouse, "probe")
    with pytest.raises(UserError, match=message) as error:
        project.add(**arguments)
    assert "\n" not in error.value.line
    assert (project.files(), project.builds, project.tables()) == ({}, [], before)


def _train(warehouse: Warehouse, name: str) -> None:
    with closing(psycopg2.connect(**warehouse.dsn("transformer"))) as session, session:
        session.cursor().execute(
            "select ml.train(%s, 'select * from csv.breast_cancer', 'classification', 'diagnosis',"
            " algorithms => '[\"decision_tree\"]', options => '{\"bootstrap\": 0}')",
            [name],
        )


def test_target_with_gaps_is_learned_from_and_predicted(project: Project) -> None:
    files = project.add(lines(HEADER, lambda n: basic(n) if n % 4 else f"{n},1,a,"))
    assert 'task="classification"' in files["visits.sql"]
    assert "where returned is not null" in files["visits.sql"]


def test_names_of_columns_are_quoted_where_needed(project: Project) -> None:
    header = f'select,"Größe (€)",a b,a b,{"long " * 20},ctid,returned,'
    files = project.add(
        lines(header, lambda n: f"{NOISE[n]},{n % 7},{n % 5},x{n % 2},{n % 9},{n % 3},{n % 2},{n}")
    )
    features = files["feat_visits__base.sql"]
    for name in ('"select"', "grosse", "a_b", "a_b_2", "long_long", "ctid_column", "column_8"):
        assert name in features


def test_table_with_quoted_columns(project: Project) -> None:
    files = project.add(table="outside.odd_columns", target="Größe", name="odd")
    assert '"say ""hi"""' in files["feat_odd__base.sql"]
    assert 'labels."Größe"' in files["odd.sql"]


@pytest.mark.parametrize("name", ["visits", "visits_view", "visits_stored"])
def test_partitioned_table_and_views(project: Project, name: str) -> None:
    files = project.add(table=f"outside.{name}")
    assert f'source("outside", "{name}")' in files[f"stg_outside__{name}.sql"]
    assert 'key="visit_id"' in files[f"{name}.sql"]


def test_second_model_of_a_table_does_not_declare_it_again(project: Project) -> None:
    project.add(lines(HEADER, basic))
    files = project.add(table="csv.visits", target="city", name="city")
    assert "_csv__visits.yml" in files
    assert "_csv__city.yml" not in files


def test_repeated_ids_in_test_file_lead_to_a_computed_key(project: Project) -> None:
    files = project.add(lines(HEADER, basic), test="visit_id,spent,city,returned\n1,1,a,yes\n")
    assert 'key="row_id"' in files["visits.sql"]
    assert "cast(null as text) as returned" in files["stg_csv__visits.sql"]


def test_failed_build_removes_what_was_written(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise UserError("dbt build failed", "read the lines above")

    before = project.tables()
    monkeypatch.setattr(module, "build", fail)
    with pytest.raises(UserError, match="dbt build failed; the model was not trained"):
        project.add(lines(HEADER, basic))
    assert (project.files(), project.tables()) == ({}, before)


def test_interrupted_build_removes_what_was_written(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl+C while a session of dbt trains: the session ends, and nothing stays."""
    dsn = project.warehouse.dsn("transformer")
    session = psycopg2.connect(**dsn, application_name="dbt")

    def interrupted(*_: Any, **__: Any) -> None:
        session.cursor().execute("select count(*) from csv.visits")
        raise KeyboardInterrupt

    before = project.tables()
    monkeypatch.setattr(module, "build", interrupted)
    with pytest.raises(UserError, match="Interrupted; the model was not trained") as error:
        project.add(lines(HEADER, basic))
    assert error.value.exit_code == 130
    assert (project.files(), project.tables()) == ({}, before)
    with pytest.raises(psycopg2.OperationalError):
        session.cursor().execute("select 1")
    session.close()


def test_interrupted_load_leaves_no_table(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    before = project.tables()
    monkeypatch.setattr(module, "propose", interrupted)
    with pytest.raises(KeyboardInterrupt):
        project.add(lines(HEADER, basic))
    assert (project.files(), project.tables()) == ({}, before)


def test_second_run_continues_and_says_so(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.add(lines(HEADER, basic))
    project.add(lines(HEADER, basic))
    assert "continues with the files of visits that exist" in capsys.readouterr().out


def test_labels_in_columns_and_in_lists(project: Project) -> None:
    header = "visit_id,spent,city,red,blue,tags"
    text = lines(
        header, lambda n: f"{n},{NOISE[n]},{'abc'[n % 3]},{n % 2},{n // 2 % 2},{TAGS[n % 4]}"
    )
    files = project.add(text, target="red,blue", task="multilabel", name="colours")
    assert 'target="red, blue"' in files["colours.sql"]
    files = project.add(text, target="tags", task="multilabel", name="tagged")
    assert 'task="multilabel"' in files["tagged.sql"]


def test_leaks_of_a_large_table_are_found_in_a_sample(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sample is of blocks of the table, so that it is not read as a whole."""
    monkeypatch.setattr("scripts.add.leaks.SAMPLED_ROWS", 1_000)
    monkeypatch.setattr("scripts.add.sizes.LARGE", 4_000)
    text = lines(
        "spent,returned,outcome", lambda n: f"{NOISE[n % 2_000]},{n % 2},{5 + n % 2}", 5_000
    )
    files = project.add(text)
    assert "outcome is left out: it alone predicts returned" in files["feat_visits__base.sql"]
    assert 'options={"comparison_rows": 200000, "budget_s": 120}' in files["visits.sql"]
    assert 'config(materialized="table")' in files["stg_csv__visits.sql"]
