"""dbt tests that fail: what they reject, and which nodes are then not built.

A copy of the project holds a case for each of them, and is built once; a table that grows, twice.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.errors import UserError
from scripts.stack.build import build

from ..conftest import ROOT, Warehouse
from .test_models import one_row, rows

# The number of letters of "malignant" and "benign": a clue that is the answer in other words.
LEAKY = """
{{ config(materialized="ml_model", task="classification", target="diagnosis", key="id",
          algorithms=["logistic_regression"],
          options={"importance_repeats": 0, "bootstrap": 0}) }}
select measurements.id, measurements.mean_radius, length(diagnoses.diagnosis) as clue,
    left(diagnoses.diagnosis, 1) as first_letter, diagnoses.diagnosis
from {{ ref("feat_tumour__measurements") }} as measurements
inner join {{ ref("stg_csv__breast_cancer") }} as diagnoses on diagnoses.id = measurements.id
"""
SHIFTED_MODEL = """
select id, mean_radius * {factor} as mean_radius, 6 + id % 2 * 3 as clue,
    case when id % 2 = 0 then 'b' else 'm' end as first_letter
from {{{{ ref("feat_tumour__measurements") }}}}
"""
GATES = """
version: 2
models:
  - name: leaky
    data_tests:
      - no_leakage: {name: leak_at_099}
      - beats_baseline: {name: unproven, arguments: {metric: roc_auc}}
      - no_leakage: {name: leak_allowed, arguments: {at_most: 1}}
      - drift_at_most:
          name: moved
          arguments: {rows: ref('feat_tumour__moved')}
      - drift_at_most:
          name: moved_allowed
          arguments: {rows: ref('feat_tumour__moved'), psi: 99}
      - drift_at_most:
          name: unmoved
          arguments: {rows: ref('feat_tumour__unmoved')}
"""

# Rows that break each rule of row_constraints, and keep some. "group" is a word of SQL's own.
BROKEN = """
select * from (values
    (1, 1, 'a', 50, 'good'), (2, 1, 'a', 101, 'good'), (3, 2, null, -1, 'bad'),
    (4, 2, 'b', null, null), (4, 3, 'it''s', 0, 'act'), (5, 2, null, 100, 'it''s')
) as given(id, "group", name, percent, state)
"""
RULES = """
version: 2
models:
  - name: rpt_broken
    data_tests:
      - row_constraints:
          name: broken
          arguments:
            keys: [id, [id, group], [group, name]]
            never_missing: [id, name]
            between: {percent: [0, 100], id: [1, 5]}
            one_of: {state: [good, act, it's], name: [a, b, it's]}
      - row_constraints:
          name: unbroken
          arguments:
            keys: [[id, percent]]
            never_missing: [id, group]
            between: {percent: [-1, 101]}
            one_of: {state: [good, act, bad, it's]}
      - row_constraints: {name: keyless, arguments: {never_missing: [name]}}
      - row_constraints: {name: only_a_key, arguments: {keys: [name]}}
"""
# Column, kind, status and number of broken rows of each rule.
RESULTS = {
    "broken": [
        ("id", "keys", "fail", 1),
        (None, "keys", "pass", 0),
        (None, "keys", "fail", 2),
        (None, "never_missing", "fail", 2),
        ("percent", "between", "fail", 2),
        ("id", "between", "pass", 0),
        ("state", "one_of", "fail", 1),
        ("name", "one_of", "pass", 0),
    ],
    "unbroken": [
        (None, "keys", "pass", 0),
        (None, "never_missing", "pass", 0),
        ("percent", "between", "pass", 0),
        ("state", "one_of", "pass", 0),
    ],
    "keyless": [("name", "never_missing", "fail", 2)],
    "only_a_key": [("name", "keys", "fail", 2)],
}
# Without its features a model is the simple rule, and must not pass for more.
NOISE = (
    "select measurements.*, diagnoses.diagnosis",
    "select measurements.id, hashint8(measurements.id * 7919) as noise, diagnoses.diagnosis",
)
BEHIND = """
    select 'predictions.pred_breast_cancer'::regclass::oid,
           'reports.rpt_model_curves'::regclass::oid
"""
SELECTED = ("breast_cancer", "pred_breast_cancer", "rpt_model_curves", "noise", "leaky")
SELECTED += ("feat_tumour__moved", "feat_tumour__unmoved", "rpt_broken")


@dataclass
class FailedBuild:
    """A build with failed tests: the output of dbt, and the tables downstream before it."""

    output: str
    exit_code: int
    behind: tuple

    def failed(self) -> set[str]:
        """The names of the tests that failed."""
        lines = [line for line in self.output.splitlines() if "Failure in test " in line]
        return {line.split("Failure in test ")[1].split()[0] for line in lines}


@pytest.fixture(scope="module")
def failed_build(
    warehouse_copy: Warehouse, tmp_path_factory: pytest.TempPathFactory
) -> FailedBuild:
    """The build of a project with models that must not pass."""
    root = tmp_path_factory.mktemp("project")
    for folder in ("dbt", "udf"):
        shutil.copytree(ROOT / folder, root / folder)
    add_cases(root / "dbt" / "models")
    # The folder of its own keeps dbt's saved state apart from that of the project.
    settings = warehouse_copy.settings.model_copy(update={"root": root, "state": root / ".stack"})
    behind = one_row(warehouse_copy, BEHIND)
    with pytest.raises(UserError) as failure:
        build(settings, warehouse_copy.stack, select=SELECTED, show=False)
    output = (settings.state / "logs" / "dbt.log").read_text()
    build(settings, warehouse_copy.stack, select=("rpt_tables_about",), show=False)
    return FailedBuild(output, failure.value.exit_code, behind)


def add_cases(models: Path) -> None:
    """A limit too high, a model of noise, one with a leaking feature, and rows with drift."""
    tests, node = models / "ml" / "breast_cancer.yml", models / "ml" / "breast_cancer.sql"
    text, query = tests.read_text(), node.read_text()
    assert "value: 0.97" in text and NOISE[0] in query
    (models / "ml" / "noise.sql").write_text(query.replace(*NOISE))
    (models / "ml" / "noise.yml").write_text(
        text.replace("- name: breast_cancer\n", "- name: noise\n").replace(
            "value: 0.97", "value: 0.0"
        )
    )
    tests.write_text(text.replace("value: 0.97", "value: 1.01"))
    (models / "ml" / "leaky.sql").write_text(LEAKY)
    (models / "ml" / "leaky.yml").write_text(GATES)
    (models / "reports" / "rpt_broken.sql").write_text(BROKEN)
    (models / "reports" / "rpt_broken.yml").write_text(RULES)
    tables = (models / "reports" / "rpt_tables.sql").read_text()
    assert "counted_up_to = 1000000" in tables
    (models / "reports" / "rpt_tables_about.sql").write_text(
        tables.replace("counted_up_to = 1000000", "counted_up_to = 100")
    )
    for name, factor in (("moved", 2), ("unmoved", 1)):
        (models / "features" / f"feat_tumour__{name}.sql").write_text(
            SHIFTED_MODEL.format(factor=factor)
        )


def test_model_below_limit_fails_build(
    warehouse_copy: Warehouse, failed_build: FailedBuild
) -> None:
    assert failed_build.exit_code == 1
    assert any(name.startswith("metric_at_least_breast_cancer") for name in failed_build.failed())
    now = one_row(warehouse_copy, BEHIND)
    assert now == failed_build.behind, "a table downstream of a failed test was rebuilt"


def test_training_issues_are_printed(failed_build: FailedBuild) -> None:
    for column in ("clue", "first_letter"):
        assert f"Model leaky: issue target_leakage: Column '{column}' alone" in failed_build.output
    assert "Model noise: issue baseline_not_beaten: roc_auc is " in failed_build.output


def test_model_below_baseline_fails_build(
    warehouse_copy: Warehouse, failed_build: FailedBuild
) -> None:
    assert "unproven" in failed_build.failed(), "without an interval nothing is proven"
    of_noise = {name for name in failed_build.failed() if "noise" in name}
    assert any(name.startswith("beats_baseline_noise") for name in of_noise)
    assert not any(name.startswith("metric_at_least") for name in of_noise)
    score, lower, baseline = one_row(
        warehouse_copy, "select score, lower, baseline from ml.model_versions where model = 'noise'"
    )
    assert lower < baseline == 0.5 and abs(score - 0.5) < 0.2
    rejections = rows(
        warehouse_copy,
        "select model, status, rejection ->> 'subject', (rejection ->> 'limit')::float8"
        " from ml.model_versions where model in ('noise', 'leaky') order by model",
    )
    assert rejections[1] == ("noise", "rejected", "roc_auc", 0.5)
    assert rejections[0][:2] == ("leaky", "rejected")
    # The champion of a model whose limit was raised stays in use: nothing was trained.
    states = rows(
        warehouse_copy, "select status from ml.model_versions where model = 'breast_cancer'"
    )
    assert ("champion",) in states and ("rejected",) not in states
    assert "Model noise: Version 1 is rejected (beats_baseline_noise_roc_auc: roc_auc is" in (
        failed_build.output
    )


def test_leakage_and_drift_fail_build(warehouse_copy: Warehouse, failed_build: FailedBuild) -> None:
    test_names = {"leak_at_099", "leak_allowed", "moved", "moved_allowed", "unmoved"}
    assert failed_build.failed() & test_names == {"leak_at_099", "moved"}
    # All five have run: none was skipped.
    assert all(
        f"PASS {name} " in failed_build.output for name in test_names - {"leak_at_099", "moved"}
    )
    (result,) = rows(
        warehouse_copy,
        "select jsonb_object_agg(entry ->> 'name', entry -> 'univariate_score') "
        "from ml.model_versions, jsonb_array_elements(features) as entry where model = 'leaky'",
    )
    assert result[0]["clue"] == result[0]["first_letter"] == 1 > result[0]["mean_radius"]


def test_violated_constraints_are_reported_by_rule(
    warehouse_copy: Warehouse, failed_build: FailedBuild
) -> None:
    assert failed_build.failed() & set(RESULTS) == {"broken", "keyless", "only_a_key"}
    for test, expected_rows in RESULTS.items():
        assert expected_rows == rows(
            warehouse_copy,
            'select "column", kind, status, failures from reports.dbt_test_results'
            f" where test ~ '^{test} [0-9]+$' order by length(test), test",
        )
    for message in (
        "id stands in more than one row (1)",
        "group, name stands in more than one row (2)",
        "name is missing (2)",
        "percent does not lie between 0 and 100 (2)",
        "state is not one of the accepted values (1)",
    ):
        assert f"Broken rows: rpt_broken: {message}" in failed_build.output


def test_row_counts_are_exact_for_small_and_estimated_for_large_tables(
    warehouse_copy: Warehouse, failed_build: FailedBuild
) -> None:
    query = "select table_name, value_text, rows from reports.rpt_tables_about"
    row_counts = {name: (shown, count) for name, shown, count in rows(warehouse_copy, query)}
    shown, count = row_counts["stg_csv__breast_cancer"]
    assert shown == f"about {count:,}" and abs(count - 569) < 60
    (lines,) = one_row(warehouse_copy, "select count(*) from marts.fct_order_lines")
    shown, count = row_counts["fct_order_lines"]
    assert shown == f"about {count:,}" and abs(count - lines) < 0.1 * lines
    (countries,) = one_row(warehouse_copy, "select count(*) from shop.countries")
    assert row_counts["stg_shop__countries"] == (f"{countries:,}", countries)
