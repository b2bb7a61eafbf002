"""The gates of dbt: what they let pass, and what they stop.

A copy of the project holds a case for each of them, and is built once.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.errors import UserError
from scripts.stack.build import build

from ..conftest import ROOT, Warehouse
from .test_models import execute, one, rows

# The number of letters of "malignant" and "benign": a clue that is the answer in other words.
LEAKY = """
{{ config(materialized="ml_model", task="classification", target="diagnosis", key="id",
          algorithms=["logistic_regression"],
          options={"importance_repeats": 0, "bootstrap": 100}) }}
select measurements.id, measurements.mean_radius, length(diagnoses.diagnosis) as clue,
    left(diagnoses.diagnosis, 1) as first_letter, diagnoses.diagnosis
from {{ ref("feat_tumour__measurements") }} as measurements
inner join {{ ref("stg_csv__breast_cancer") }} as diagnoses on diagnoses.id = measurements.id
"""
LATER = """
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
SELECTED += ("feat_tumour__moved", "feat_tumour__unmoved")
MADE = ("models.noise", "models.leaky", "features.feat_tumour__moved")
MADE += ("features.feat_tumour__unmoved",)


@dataclass
class Stopped:
    """A build that its gates have stopped: what dbt said, and what lay behind them before."""

    said: str
    exit_code: int
    behind: tuple

    def failed(self) -> set[str]:
        """The names of the tests that failed."""
        lines = [line for line in self.said.splitlines() if "Failure in test " in line]
        return {line.split("Failure in test ")[1].split()[0] for line in lines}


@pytest.fixture(scope="module")
def stopped(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stopped]:
    """The build of a project with models that must not pass; what it leaves is gone afterwards."""
    root = tmp_path_factory.mktemp("project")
    for folder in ("dbt", "udf"):
        shutil.copytree(ROOT / folder, root / folder)
    add_cases(root / "dbt" / "models")
    # With a state of its own: what dbt remembers of the copy must not pass for the original.
    settings = warehouse.settings.model_copy(update={"root": root, "state": root / ".stack"})
    behind = one(warehouse, BEHIND)
    # The results of these tests are not those of the project.
    execute(warehouse, "create table csv.results as table reports.dbt_test_results")
    try:
        with pytest.raises(UserError) as failure:
            build(settings, warehouse.stack, select=SELECTED, show=False)
        said = (settings.state / "logs" / "dbt.log").read_text()
        yield Stopped(said, failure.value.exit_code, behind)
    finally:
        execute(
            warehouse,
            "truncate reports.dbt_test_results; drop table if exists {};"
            " insert into reports.dbt_test_results table csv.results; drop table csv.results;"
            " select ml.drop_model(model) from"
            " (select distinct model from ml.model_versions where model in ('noise', 'leaky')) m"
            "".format(", ".join(MADE)),
        )


def add_cases(models: Path) -> None:
    """A gate too high, a model of noise, one that is told the answer, and rows that have moved."""
    gate, node = models / "ml" / "breast_cancer.yml", models / "ml" / "breast_cancer.sql"
    text, query = gate.read_text(), node.read_text()
    assert "value: 0.97" in text and NOISE[0] in query
    (models / "ml" / "noise.sql").write_text(query.replace(*NOISE))
    (models / "ml" / "noise.yml").write_text(
        text.replace("- name: breast_cancer\n", "- name: noise\n").replace(
            "value: 0.97", "value: 0.0"
        )
    )
    gate.write_text(text.replace("value: 0.97", "value: 1.01"))
    (models / "ml" / "leaky.sql").write_text(LEAKY)
    (models / "ml" / "leaky.yml").write_text(GATES)
    for name, factor in (("moved", 2), ("unmoved", 1)):
        (models / "features" / f"feat_tumour__{name}.sql").write_text(LATER.format(factor=factor))


def test_a_model_below_the_gate_stops_the_build(warehouse: Warehouse, stopped: Stopped) -> None:
    assert stopped.exit_code == 1
    assert any(name.startswith("metric_at_least_breast_cancer") for name in stopped.failed())
    now = one(warehouse, BEHIND)
    assert now == stopped.behind, "something was rebuilt behind a closed gate"


def test_a_model_that_does_not_beat_the_baseline_stops_the_build(
    warehouse: Warehouse, stopped: Stopped
) -> None:
    of_noise = {name for name in stopped.failed() if "noise" in name}
    assert any(name.startswith("beats_baseline_noise") for name in of_noise)
    assert not any(name.startswith("metric_at_least") for name in of_noise)
    score, lower, baseline = one(
        warehouse, "select score, lower, baseline from ml.model_versions where model = 'noise'"
    )
    assert lower < baseline == 0.5 and abs(score - 0.5) < 0.2


def test_what_leaks_and_what_drifts_is_stopped(warehouse: Warehouse, stopped: Stopped) -> None:
    ours = {"leak_at_099", "leak_allowed", "moved", "moved_allowed", "unmoved"}
    assert stopped.failed() & ours == {"leak_at_099", "moved"}
    # All five have run: none was skipped.
    assert all(f"PASS {name} " in stopped.said for name in ours - {"leak_at_099", "moved"})
    (found,) = rows(
        warehouse,
        "select jsonb_object_agg(entry ->> 'name', entry -> 'alone') "
        "from ml.model_versions, jsonb_array_elements(features) as entry where model = 'leaky'",
    )
    assert found[0]["clue"] == found[0]["first_letter"] == 1 > found[0]["mean_radius"]
