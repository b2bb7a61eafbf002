"""Model nodes in the forms that dbt allows: names, versions, modes of a run, and malformed rows."""

from contextlib import closing

from tests.conftest import Warehouse
from tests.integration.dbt_project import DEVELOPER, DbtProject
from tests.integration.registry import Session
from tests.integration.test_promotion import (
    GOOD,
    MODEL,
    PREDICTIONS,
    add_model,
    predicting_version,
    project,
    status,
    user,
)

__all__ = ["project", "user"]  # fixtures

VERSIONS = """
models:
  - name: versioned
    latest_version: 2
    versions: [{v: 1}, {v: 2}]
"""
# A report on every model node, as rpt_model_card is one.
NAMES = """
{% for name in trained_models() %}
    select {{ sql_text(registry_name(name)) }} as model {{ "union all" if not loop.last }}
{% endfor %}
"""
PASSING = "metric_at_least: {arguments: {metric: roc_auc, value: 0.8}}"
# A test that reads a table which the predictions do not read.
OTHER_TABLE = (
    "relationships: {arguments: {column_name: version, to: ref('numbers'), field: number}}"
)


def write_version(project: DbtProject, number: int) -> None:
    text = MODEL.format(
        algorithm="logistic_regression", columns="a", options="", config="", end=";  -- the end"
    )
    project.write(f"models/ml/versioned_v{number}.sql", text)


def test_unusual_names_are_supported_or_refused(user: Session, project: DbtProject) -> None:
    """One build with models whose names are unusual, and with some that are refused."""
    add_model(project, "capital", PASSING, config=', alias="My Model", schema="models"')
    write_version(project, 1)
    write_version(project, 2)
    project.write("models/ml/versioned.yml", VERSIONS)
    project.write("models/predictions/pred_versioned.sql", PREDICTIONS.format(model="versioned"))
    first = PREDICTIONS.replace('ref("{model}")', 'ref("{model}", v=1)')
    first = first.replace('champion_of("{model}")', 'champion_of(ref("{model}", v=1))')
    project.write("models/predictions/pred_first.sql", first.format(model="versioned"))
    project.write("models/ml/disabled.sql", MODEL.format(
        algorithm="dummy", columns="a", options="", config=", enabled=false", end=""))  # fmt: skip
    add_model(project, "dotted", config=', alias="ada.model"')
    add_model(project, "long", config=f', alias="{"ü" * 32}"')
    project.write("models/features/brief.sql", "{{ config(materialized='ephemeral') }}" + GOOD)
    add_model(project, "drifting", "drift_at_most: {arguments: {rows: ref('brief')}}")

    project.write(
        "models/reports/rpt_all.sql", "select * from {{ of_champions('metrics') }} as rows"
    )
    project.write("models/reports/rpt_names.sql", NAMES)

    outcome = project.run("build")
    assert status(user, "My Model") == {1: "champion"}
    assert predicting_version(user, "capital") == 1
    for number in (1, 2):
        assert status(user, f"versioned_v{number}") == {1: "champion"}
    for name in ("versioned", "first"):
        assert user.value(f"select count(*) from {DEVELOPER}_predictions.pred_{name}") == 240
    output = outcome.output.replace("__dbt__cte__", "")
    assert "model.glasshouse.dotted has a dot in its name" in output
    assert "model.glasshouse.long has a name of more than 63 bytes" in output
    assert "drift_at_most reads brief, which is ephemeral" in output

    # Reports know each version of a model by its name in the registry.
    assert project.run("run", "--select", "models/reports").exit_code == 0
    versions = {f"{DEVELOPER}.versioned_v1", f"{DEVELOPER}.versioned_v2"}
    for report in ("rpt_all", "rpt_names"):
        names = user.rows(f"select distinct model from {DEVELOPER}_reports.{report}")
        assert versions <= {name for (name,) in names}, report


def test_predictions_name_pending_tests(user: Session, project: DbtProject) -> None:
    add_model(project, "waiting", OTHER_TABLE)
    project.write("models/features/numbers.sql", "select 1 as number union all select 2")
    outcome = project.run("run")
    assert outcome.exit_code == 1
    assert "There is no champion yet: version 1 of waiting waits for its tests" in outcome.output
    advice = "add `-- depends_on: {{ ref('numbers') }}` to the model that predicts"
    assert advice in outcome.output
    text = PREDICTIONS.format(model="waiting") + " -- depends_on: {{ ref('numbers') }}"
    project.write("models/predictions/pred_waiting.sql", text)
    assert project.run("build").exit_code == 0
    assert predicting_version(user, "waiting") == 1
    # A new candidate leaves the predictions to the champion.
    project.write("models/features/feat_rows.sql", GOOD.replace("240", "250"))
    outcome = project.run("run")
    assert outcome.exit_code == 0, outcome.output
    assert "predict() uses the champion; version 2 of waiting waits" in outcome.output
    assert predicting_version(user, "waiting") == 1


def test_champion_without_artifact_is_trained_again(
    engine: Warehouse, user: Session, project: DbtProject
) -> None:
    add_model(project, "damaged", PASSING)
    assert project.run("build").exit_code == 0
    with closing(Session(engine.dsn("postgres"))) as admin:
        admin.rows("delete from ml.artifacts where model = %s", f"{DEVELOPER}.damaged")
    outcome = project.run("build")
    assert outcome.exit_code == 0, outcome.output
    assert status(user, "damaged") == {1: "archived", 2: "champion"}
    assert predicting_version(user, "damaged") == 2
    project.run("build")
    assert max(status(user, "damaged")) == 2


def test_model_keeps_its_version_until_a_condition_holds(
    user: Session, project: DbtProject
) -> None:
    conditions = '{"new_rows": 20, "days": 30, "drift": true, "performance": true}'
    add_model(project, "patient", PASSING, config=f", retrain_when={conditions}")
    for rows, expected in ((240, {1: "champion"}), (250, {1: "champion"}),
                           (265, {1: "archived", 2: "champion"})):  # fmt: skip
        project.write("models/features/feat_rows.sql", GOOD.replace("240", str(rows)))
        outcome = project.run("build")
        assert outcome.exit_code == 0, outcome.output
        assert status(user, "patient") == expected
    decisions = user.rows(
        "select champion, retrain, reason, version from ml.retraining_decisions"
        " where model = %s order by decided_at",
        f"{DEVELOPER}.patient",
    )
    assert decisions == [
        (None, True, "No version is in use.", 1),
        (1, False, "No condition of retrain_when holds.", None),
        (1, True, "25 new rows since version 1; the limit is 20.", 2),
    ]
    add_model(project, "patient", PASSING, config=', retrain_when={"rows": 20}')
    outcome = project.run("build")
    assert "has the condition rows. Use days, new_rows, drift or performance" in outcome.output


def test_model_with_alias_and_trailing_comment(user: Session, project: DbtProject) -> None:
    add_model(
        project, "aliased", "no_leakage", config=', alias="other_name", min_rows={"id": 100}',
        end=" -- the last line",
    )  # fmt: skip
    outcome = project.run("build")
    assert outcome.exit_code == 0, outcome.output
    assert status(user, "other_name") == {1: "champion"}
    assert predicting_version(user, "aliased") == 1
    # Two models of one alias in two schemas would share a champion.
    add_model(project, "second", config=', alias="other_name", schema="others"')
    outcome = project.run("build", "--select", "second")
    assert outcome.exit_code == 1
    assert "has the same alias as model.glasshouse.aliased" in outcome.output
    assert status(user, "other_name") == {1: "champion"}


def test_model_with_too_few_rows_predicts_none(user: Session, project: DbtProject) -> None:
    add_model(project, "small", "no_leakage", config=', min_rows={"id": 241, "level": 2}')
    outcome = project.run("build")
    assert outcome.exit_code == 0, outcome.output
    assert "small is not trained: its rows need 241 different values of id (it has 240)" in (
        outcome.output
    )
    assert status(user, "small") == {}
    assert user.value("select count(*) from promotion_predictions.pred_small") == 0


def test_empty_flag_trains_nothing(user: Session, project: DbtProject) -> None:
    drift = "drift_at_most: {arguments: {rows: ref('feat_rows')}}"
    add_model(project, "hollow", "no_leakage", PASSING, drift)
    outcome = project.run("build", "--empty")
    assert outcome.exit_code == 0, outcome.output
    assert status(user, "hollow") == {}
    for relation in ("models.hollow", "predictions.pred_hollow"):
        assert user.value(f"select count(*) from promotion_{relation}") == 0


def test_ephemeral_rows_are_refused(project: DbtProject) -> None:
    add_model(project, "fleeting")
    project.write("models/features/feat_rows.sql", "{{ config(materialized='ephemeral') }}" + GOOD)
    outcome = project.run("build")
    assert outcome.exit_code == 1
    assert "predict() reads feat_rows, which is ephemeral" in outcome.output.replace(
        "__dbt__cte__", ""
    )


def test_relations_stay_in_place_while_their_columns_stay(
    user: Session, project: DbtProject
) -> None:
    view, table, reader = (
        f"{DEVELOPER}_features.{name}" for name in ("current", "stored", "reader")
    )

    def build(columns: str) -> None:
        for name, config in (("current", "materialized='view'"), ("stored", "in_place=true")):
            text = f"{{{{ config({config}) }}}} select {columns} -- the end"
            project.write(f"models/features/{name}.sql", text)
        outcome = project.run("run", "--select", "current", "stored")
        assert outcome.exit_code == 0, outcome.output

    def rows_of(relation: str) -> list[tuple]:
        return user.rows(f"select * from {relation}")

    build("1 as a, 'x' as b")
    user.rows(f"create view {reader} as select a from {view} union all select a from {table}")
    for columns in ("2 as a, 'y' as b", "2 as a, 'y' as b"):
        build(columns)
        assert rows_of(reader) == [(2,), (2,)]
    # What has other columns, or another type, is made anew, and dbt drops what reads it.
    build("'three' as a, 4 as c")
    assert rows_of(view) == rows_of(table) == [("three", 4)]
    assert user.value("select to_regclass(%s)", reader) is None


def test_table_in_the_place_of_a_model_is_replaced(user: Session, project: DbtProject) -> None:
    """As where a node was another materialization before."""
    add_model(project, "replaced", PASSING)
    user.rows(f"create schema if not exists {DEVELOPER}_models")
    user.rows(f"create table {DEVELOPER}_models.replaced as select 1 as id")
    outcome = project.run("build", "--select", "+replaced")
    assert outcome.exit_code == 0, outcome.output
    assert status(user, "replaced") == {1: "champion"}
