"""Registry rows that the engine would not write: reports leave the version out and name it.

The reports and their tests are those that dbt compiled for the tests' warehouse. They are built in
a schema of their own, in a transaction that is rolled back.
"""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from tests.conftest import Warehouse

COPY = (
    "insert into ml.{0} select (jsonb_populate_record(t, %s)).* from ml.{0} as t where model = %s"
)
# Tables with a row for each fact of a version; a copy of a version has them all.
FACTS = (
    "candidates", "metrics", "curves", "confusion", "importances", "distributions", "coefficients",
    "partial_dependence", "partial_dependence_pairs", "correlations", "residuals", "drifts",
)  # fmt: skip
FEATURE = {"name": "a", "kind": "number", "rows": 10, "missing": 0}
# Name of a version: what its row in ml.model_versions has instead.
MALFORMED: dict[str, dict[str, Any]] = {
    "unknown task": {"task": "soothsaying"},
    "no time": {"trained_at": "infinity"},
    "no rows": {"rows_train": 0},
    "no features": {"features": []},
    "features without names": {"features": [{"kind": "number"}]},
    "a feature named null": {"features": [FEATURE | {"name": None}]},
    "a count that is text": {"features": [FEATURE | {"missing": "few"}]},
    "a count with a fraction": {"features": [FEATURE | {"rows": 9.5}]},
    "a mean that is text": {"features": [FEATURE | {"mean": "average"}]},
    "a huge count": {"features": [FEATURE | {"rows": 10**30}]},
    "no classes": {"classes": None},
    "classes without names": {"classes": [{"train": 1, "test": 1}]},
    "a class counted in words": {"classes": [{"class": "malignant", "train": "ten", "test": 1}]},
    "an unknown positive class": {"positive_class": "neither"},
    "excluded is a number": {"excluded": 7},
    "excluded are names": {"excluded": ["id"]},
    "an empty comparison": {"comparison": {}},
    "a comparison in words": {"comparison": {"champion": 1, "score": "x", "champion_score": "y"}},
    "a rejection that is text": {"rejection": "because"},
    "a name with a\nline": {},
    "n" * 201: {},
}
# These are unusual, and shown.
UNUSUAL: dict[str, dict[str, Any]] = {
    "<b>bold</b>'; drop table models; --": {"algorithm": "unknown", "metric": "unknown"},
    "100 % {{ name }}": {"target": None, "key": None, "score": None, "baseline": None},
    "strange settings": {"params": [], "options": {"keep": "all"}, "libraries": {"a": {}}},
    "facts without labels": {},
}
STRANGE_FACTS = (
    "update ml.metrics set metric = 'unknown' where metric = 'f1' and model = %s",
    "update ml.curves set curve = 'unknown', y = null where curve = 'roc' and model = %s",
    "delete from ml.confusion where model = %s",
    "update ml.importances set feature = 'unknown' where rank = 1 and model = %s",
    "update ml.distributions set lower = null, upper = null, kind = 'unknown' where model = %s",
    "update ml.candidates set score = null, algorithm = 'unknown' where model = %s",
    "update ml.drifts set psi = null, kind = 'unknown' where model = %s",
)
REFUSED = (
    "update ml.model_versions set score = 'NaN'",
    "update ml.model_versions set seconds = 'Infinity'",
    "update ml.model_versions set rows_test = -1",
    "update ml.model_versions set features = '{}'",
    "update ml.metrics set value = 'NaN'",
    "update ml.curves set x = '-Infinity'",
    "update ml.confusion set n = -1",
    "update ml.importances set repeats = 0",
    "update ml.distributions set upper = 'Infinity'",
    "update ml.correlations set value = 'NaN'",
    "update ml.partial_dependence set mean = 'NaN'",
    "update ml.partial_dependence_pairs set mean = 'Infinity'",
    "update ml.residuals set predicted = 'Infinity'",
    "update ml.drifts set psi = 'NaN'",
    "update ml.candidates set score = '-Infinity'",
    "update ml.coefficients set estimate = 'NaN'",
)


class Reports:
    """The compiled SQL of the reports that read the registry, and of their tests."""

    def __init__(self, folder: Path) -> None:
        self.queries = {file.stem: file.read_text() for file in folder.glob("rpt_*.sql")}
        self.tests = {
            name: [file.read_text() for file in folder.glob(f"{name}.yml/*.sql")]
            for name in self.queries
        }
        parents = {name: set(re.findall(r'"(rpt_\w+)"', sql)) for name, sql in self.queries.items()}
        # rpt_predictions reads the tables of predictions, which are large.
        names = {name for name, sql in self.queries.items() if '"ml"."' in sql}
        names.discard("rpt_predictions")
        while more := {name for name in parents if parents[name] & names} - names:
            names |= more
        sorter = TopologicalSorter({name: parents[name] & names for name in names})
        self.order = list(sorter.static_order())

    def build(self, cursor: Any) -> dict[str, list]:
        """Build the reports and run their tests; what each failed test returned."""
        cursor.execute("create schema malformed_registry")
        for name in self.order:
            cursor.execute(f"create table malformed_registry.{name} as {self._moved(name)}")
        failures = {}
        for name in self.order:
            for number, test in enumerate(self.tests[name]):
                cursor.execute(f"select * from ({self._in_schema(test)}) as failures")
                if rows := cursor.fetchall():
                    failures[f"{name} {number}"] = rows
        return failures

    def _moved(self, name: str) -> str:
        return self._in_schema(self.queries[name])

    def _in_schema(self, sql: str) -> str:
        return re.sub(
            r'"reports"\."(rpt_\w+)"',
            lambda match: (
                f'"malformed_registry"."{match[1]}"' if match[1] in self.order else match[0]
            ),
            sql,
        )


@pytest.fixture
def cursor(warehouse_copy: Warehouse) -> Iterator[Any]:
    with closing(psycopg2.connect(**warehouse_copy.dsn("postgres"))) as connection:
        yield connection.cursor()
        connection.rollback()


@pytest.fixture(scope="module")
def reports(warehouse_copy: Warehouse) -> Reports:
    compiled_folder = (
        warehouse_copy.settings.state / "dbt" / "warehouse" / "compiled" / "glasshouse"
    )
    return Reports(compiled_folder / "models" / "reports")


def add_version(cursor: Any, name: str, changes: dict[str, Any], artifact: bool = True) -> None:
    """A copy of the model breast_cancer under another name, with changes."""
    tables = ["model_versions", *(["artifacts"] if artifact else []), *FACTS]
    for table in tables:
        values = {"model": name} | (changes if table == "model_versions" else {})
        cursor.execute(COPY.format(table), [json.dumps(values), "breast_cancer"])


def test_project_has_no_malformed_version(cursor: Any) -> None:
    cursor.execute("select count(*) from ml.model_versions")
    assert cursor.fetchone()[0] >= 4
    cursor.execute("select * from ml.malformed_versions")
    assert cursor.fetchall() == []


def test_malformed_versions_are_reported_and_left_out(cursor: Any, reports: Reports) -> None:
    for name, changes in MALFORMED.items():
        add_version(cursor, name, changes)
    add_version(cursor, "no artifact", {}, artifact=False)
    for name, changes in UNUSUAL.items():
        add_version(cursor, name, changes)
    for statement in STRANGE_FACTS:
        cursor.execute(statement, ["facts without labels"])
    cursor.execute("select model, problem from ml.malformed_versions")
    problems = dict(cursor.fetchall())
    assert problems.keys() == {*MALFORMED, "no artifact"}
    assert problems["unknown task"] == "its task is 'soothsaying'"
    assert problems["no artifact"] == "it is the champion and has no artifact"

    assert len(reports.order) > 25 and sum(len(tests) for tests in reports.tests.values()) > 40
    assert reports.build(cursor) == {}
    cursor.execute("select model from malformed_registry.rpt_model_overview")
    models = {model for (model,) in cursor.fetchall()}
    assert models >= {"breast_cancer", *UNUSUAL}
    assert not models & problems.keys()
    cursor.execute(
        "select message from malformed_registry.rpt_alerts where topic = 'Model left out'"
    )
    assert len(cursor.fetchall()) == len(problems)


@pytest.mark.parametrize("statement", REFUSED)
def test_meaningless_numbers_are_refused(cursor: Any, statement: str) -> None:
    with pytest.raises(psycopg2.errors.CheckViolation):
        cursor.execute(statement)
