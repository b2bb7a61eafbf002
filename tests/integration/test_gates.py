"""The gates of dbt that look at features and rows: what they let pass, and what they stop."""

import shutil
from pathlib import Path

import pytest

from scripts.errors import UserError
from scripts.stack.build import build

from ..conftest import Warehouse
from .test_models import execute, project, rows

__all__ = ["project"]

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


def test_what_leaks_and_what_drifts_is_stopped(
    warehouse: Warehouse, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = project / "dbt" / "models"
    for name in ("predictions", "reports"):
        shutil.rmtree(models / name)
    (models / "exposures.yml").unlink()
    (models / "ml" / "leaky.sql").write_text(LEAKY)
    (models / "ml" / "leaky.yml").write_text(GATES)
    for name, factor in (("moved", 2), ("unmoved", 1)):
        (models / "features" / f"feat_tumour__{name}.sql").write_text(LATER.format(factor=factor))
    settings = warehouse.settings.model_copy(update={"root": project})
    try:
        with pytest.raises(UserError):
            wanted = ("leaky", "feat_tumour__moved", "feat_tumour__unmoved")
            build(settings, warehouse.stack, select=wanted, show=False)
        said = capsys.readouterr().out
        failed = {line.split("Failure in test ")[1].split()[0] for line in said.splitlines()
                  if "Failure in test " in line}  # fmt: skip
        assert failed == {"leak_at_099", "moved"}
        (found,) = rows(
            warehouse,
            "select jsonb_object_agg(entry ->> 'name', entry -> 'alone') "
            "from ml.model_versions, jsonb_array_elements(features) as entry where model = 'leaky'",
        )
        assert found[0]["clue"] == found[0]["first_letter"] == 1 > found[0]["mean_radius"]
    finally:
        execute(warehouse, "select ml.drop_model('leaky')")
        for relation in (
            "models.leaky", "features.feat_tumour__moved", "features.feat_tumour__unmoved"
        ):  # fmt: skip
            execute(warehouse, f"drop table if exists {relation} cascade")
