"""A version becomes champion after the tests on its node: models of a user, in a small project."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from scripts.errors import UserError
from scripts.stack.dbt.rejections import build_without_rejected
from tests.conftest import Warehouse
from tests.integration.dbt_project import DEVELOPER, DbtProject, Outcome
from tests.integration.registry import Session

# A signal that the column a follows in good rows, and does not know in bad ones.
ROWS = """
select i as id, {a} as a, {clue} as clue,
    case when sin(i) + 0.3 * cos(i * 7.3) > 0 then 'high' else 'low' end as level
from generate_series(1, 240) as i
"""
GOOD = ROWS.format(a="sin(i)", clue="cos(i * 3.1)")
BAD = ROWS.format(a="cos(i * 1.7)", clue="sin(i) + 0.3 * cos(i * 7.3)")
MODEL = """
{{{{ config(task="classification", target="level", key="id", algorithms=["{algorithm}"],
    options={{"importance_repeats": 0, "bootstrap": 100, "folds": 2, "dependence": 0,
              "positive_class": "high"{options}}}{config}) }}}}
select id, {columns}, level from {{{{ ref("feat_rows") }}}}{end}
"""
PREDICTIONS = """
select predictions.id, predictions.score, champion.model_version
from {{{{ predict(ref("{model}"), ref("feat_rows")) }}}}
cross join {{{{ champion_of("{model}") }}}} as champion
"""
# A model, the test that its second version fails, and the subject, value and limit it is told.
FAILURES: dict[str, tuple[str, str, Callable[[Any], bool], str]] = {
    "too_weak": (
        "metric_at_least: {arguments: {metric: roc_auc, value: 0.8}}",
        "roc_auc",
        lambda value: float(value) < 0.8,
        "0.8",
    ),
    "not_better": (
        "beats_baseline: {arguments: {metric: roc_auc}}",
        "roc_auc",
        lambda value: float(value) < 0.5,
        "0.5",
    ),
    "leaking": ("no_leakage", "clue", lambda value: float(value) > 0.99, "0.99"),
    "not_accepted": (
        "accepted_values: {name: is_first_version, arguments: {column_name: version,"
        " values: [1], quote: false}}",
        "version",
        lambda value: int(value) == 1,
        "!= 0",
    ),
    # Reads a second table: dbt holds back only those children that depend on it too.
    "unrelated": (
        "relationships: {arguments: {column_name: version, to: ref('versions'), field: version}}",
        "version",
        lambda value: int(value) == 1,
        "!= 0",
    ),
}
SINGULAR = "select * from {{ ref('singular') }} where version > 1"


@dataclass
class Builds:
    """What three builds of one project said: good rows, bad rows, and the bad ones again."""

    first: Outcome
    second: Outcome
    third: Outcome


def add_model(project: DbtProject, name: str, *tests: str, **parts: str) -> None:
    """A model node with tests, and a table of its predictions."""
    parts = {"algorithm": "logistic_regression", "columns": "a"} | parts
    parts = {"options": "", "config": "", "end": ""} | parts
    project.write(f"models/ml/{name}.sql", MODEL.format(**parts))
    project.write(f"models/predictions/pred_{name}.sql", PREDICTIONS.format(model=name))
    lines = "".join(f"      - {test}\n" for test in tests)
    text = f"models:\n  - name: {name}\n" + (f"    data_tests:\n{lines}" if tests else "")
    project.write(f"models/ml/{name}.yml", text)


def status(user: Session, model: str) -> dict[int, str]:
    return user.states(f"{DEVELOPER}.{model}")


def predicting_version(user: Session, model: str) -> int:
    """The version in the table of predictions, which all its rows share."""
    return user.value(f"select distinct model_version from {DEVELOPER}_predictions.pred_{model}")


@pytest.fixture(scope="module")
def user(engine: Warehouse) -> Iterator[Session]:
    with closing(Session(engine.dsn("transformer"))) as session:
        yield session


@pytest.fixture
def project(engine: Warehouse, user: Session, tmp_path: Path) -> Iterator[DbtProject]:
    yield from new_project(engine, user, tmp_path)


def new_project(engine: Warehouse, user: Session, root: Path) -> Iterator[DbtProject]:
    """A project with good rows; what it leaves in the database is gone afterwards."""
    project = DbtProject(engine, root)
    project.write("models/features/feat_rows.sql", GOOD)
    yield project
    models = user.rows(
        f"select distinct model from ml.model_versions where model like '{DEVELOPER}.%'"
    )
    for (model,) in models:
        user.rows("select ml.drop_model(%s)", model)
    for layer in ("models", "features", "predictions", "reports"):
        user.rows(f"drop schema if exists {DEVELOPER}_{layer} cascade")


@pytest.fixture(scope="module")
def rejected_project(
    engine: Warehouse, user: Session, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DbtProject]:
    yield from new_project(engine, user, tmp_path_factory.mktemp("rejected"))


@pytest.fixture(scope="module")
def builds(rejected_project: DbtProject, user: Session) -> Builds:
    """Models that pass with good rows and fail one test each with bad rows."""
    project = rejected_project
    for name, (test, *_) in FAILURES.items():
        add_model(project, name, test, columns="a, clue" if name == "leaking" else "a")
    add_model(project, "singular")
    project.write(
        "models/predictions/pred_unrelated.sql",
        "-- depends_on: {{ ref('versions') }}" + PREDICTIONS.format(model="unrelated"),
    )
    project.write("tests/only_version_1.sql", SINGULAR)
    add_model(project, "untested")
    lenient = "arguments: {metric: roc_auc, value: 1.01}, config: {severity: warn}"
    add_model(project, "warned", f"metric_at_least: {{{lenient}}}")
    project.write("models/features/versions.sql", "select 1 as version")
    project.write(
        "models/reports/rpt_scores.sql",
        'select model, version, metric, value from {{ of_champions("metrics") }} as metrics',
    )
    first = project.run("build")
    project.write("models/features/feat_rows.sql", BAD)
    return Builds(first, project.run("build"), project.run("build"))


def test_versions_that_pass_tests_become_champions(user: Session, builds: Builds) -> None:
    assert builds.first.exit_code == 0, builds.first.output
    for model in (*FAILURES, "singular"):
        assert f"Model {DEVELOPER}.{model}: Version 1 has passed its tests" in builds.first.output
    means = user.rows(
        "select how, count(*) from ml.promotions where version = 1 and model like %s group by how",
        f"{DEVELOPER}.%",
    )
    assert means == [("tests", len(FAILURES) + 3)]


@pytest.mark.parametrize("model", [*FAILURES, "singular"])
def test_version_that_fails_test_is_rejected(user: Session, builds: Builds, model: str) -> None:
    assert builds.second.exit_code == 1
    assert status(user, model) == {1: "champion", 2: "rejected"}
    (rejection,) = user.rows(
        "select rejection from ml.model_versions where model = %s and version = 2",
        f"{DEVELOPER}.{model}",
    )[0]
    if model == "singular":
        assert rejection["test"] == "only_version_1"
    else:
        test, subject, is_plausible, limit = FAILURES[model]
        assert rejection["subject"] == subject
        assert is_plausible(rejection["value"]) and str(rejection["limit"]) == limit
        assert rejection["test"].startswith(("is_first_version", test.split(":")[0]))
    line = f"Version 2 is rejected ({rejection['test']}: "
    (message,) = [text for text in builds.second.output.splitlines() if line in text
                and f"Model {DEVELOPER}.{model}: " in text]  # fmt: skip
    assert f" is {rejection['value']}, limit {rejection['limit']}); version 1 stays" in message


@pytest.mark.parametrize("model", [*FAILURES, "singular"])
def test_champion_stays_in_use(user: Session, builds: Builds, model: str) -> None:
    assert predicting_version(user, model) == 1
    version = user.value(
        f"select distinct version from {DEVELOPER}_reports.rpt_scores where model = %s",
        f"{DEVELOPER}.{model}",
    )
    assert version == 1
    both = "select id, score from {} order by id"
    call = f"ml.predict('{DEVELOPER}.{model}', 'table {DEVELOPER}_features.feat_rows'"
    scores = user.rows(both.format(f"{DEVELOPER}_predictions.pred_{model}"))
    champion_scores = user.rows(f"select key::integer, score from {call}) order by 1")
    rejected_scores = user.rows(f"select key::integer, score from {call}, 2) order by 1")
    assert [score for _, score in scores] == pytest.approx([score for _, score in champion_scores])
    assert [score for _, score in scores] != pytest.approx([score for _, score in rejected_scores])


def test_next_build_passes_and_trains_nothing(user: Session, builds: Builds) -> None:
    assert builds.third.exit_code == 0, builds.third.output
    for model in (*FAILURES, "singular"):
        assert max(status(user, model)) == 2
        assert f"Model {DEVELOPER}.{model}: Version 2 is rejected (" in builds.third.output
        assert user.value(f"select version from {DEVELOPER}_models.{model}") == 1


def test_models_without_failing_tests_are_promoted(user: Session, builds: Builds) -> None:
    assert "Model promotion.untested: Version 2 has no tests" in builds.second.output
    for model in ("untested", "warned"):
        assert status(user, model) == {1: "archived", 2: "champion"}
        assert predicting_version(user, model) == 2


def test_rejected_challenger_blocks_nothing(user: Session, project: DbtProject) -> None:
    options = ', "promote": "if_better"'
    gate = "metric_at_least: {arguments: {metric: roc_auc, value: 0.8}}"
    add_model(project, "rival", gate, options=options)
    assert project.run("build").exit_code == 0
    add_model(project, "rival", gate, options=options, algorithm="dummy")
    for _ in range(2):
        outcome = project.run("build")
        assert outcome.exit_code == 0, outcome.output
        assert status(user, "rival") == {1: "champion", 2: "rejected"}
        assert predicting_version(user, "rival") == 1
        assert "rejected (if_better: roc_auc is 0.5, limit " in outcome.output
    # A better version is a candidate like any other: its tests decide.
    add_model(project, "rival", gate, options=options, columns="a, clue")
    project.write("models/features/feat_rows.sql", BAD)
    assert project.run("build").exit_code == 0
    assert status(user, "rival") == {1: "archived", 2: "rejected", 3: "champion"}


def test_failed_test_without_champion_stops_dependents(user: Session, project: DbtProject) -> None:
    gate = "metric_at_least: {{arguments: {{metric: roc_auc, value: {}}}}}"
    add_model(project, "newcomer", gate.format(1.01))
    for _ in range(2):
        outcome = project.run("build")
        assert outcome.exit_code == 1
        assert "SKIP relation promotion_predictions.pred_newcomer" in outcome.output
        assert "limit 1.01); there is no champion" in outcome.output
        assert status(user, "newcomer") == {1: "rejected"}
    with pytest.raises(psycopg2.Error, match="No version of model"):
        user.rows("select ml.predict('promotion.newcomer', 'select 1::float8 as a')")
    # Another limit is another test: the version gets another try, and is not trained again.
    add_model(project, "newcomer", gate.format(0.8))
    assert project.run("build").exit_code == 0
    assert status(user, "newcomer") == {1: "champion"}
    assert predicting_version(user, "newcomer") == 1


def test_refresh_goes_on_without_rejected_version(
    engine: Warehouse, user: Session, project: DbtProject
) -> None:
    """Once without a champion, once with one; any other failed test still fails the build."""

    def build(variables: Mapping[str, str]) -> str:
        outcome = project.run("build", variables=variables)
        if outcome.exit_code:
            raise UserError(outcome.output)
        return "built"

    gate = "metric_at_least: {{arguments: {{metric: roc_auc, value: {}}}}}"
    count = f"select count(*) from {DEVELOPER}_predictions.pred_successor"
    add_model(project, "successor", gate.format(1.01))
    for _ in range(2):
        summary = build_without_rejected(engine.settings, build)
        assert summary.startswith("built; version 1 of promotion.successor is rejected (metric_at")
        assert summary.endswith("limit 1.01), it has no version in use")
        assert status(user, "successor") == {1: "rejected"}
        assert user.value(count) == 0
    add_model(project, "successor", gate.format(0.8))
    assert build_without_rejected(engine.settings, build) == "built"
    assert (status(user, "successor"), user.value(count)) == ({1: "champion"}, 240)
    project.write("models/features/feat_rows.sql", BAD)
    summary = build_without_rejected(engine.settings, build)
    assert summary.endswith("limit 0.8), version 1 stays in use")
    assert status(user, "successor") == {1: "champion", 2: "rejected"}
    assert predicting_version(user, "successor") == 1
    # A limit that the champion does not reach either.
    add_model(project, "successor", gate.format(1.01))
    project.write("models/features/feat_rows.sql", ROWS.format(a="sin(i)", clue="cos(i)"))
    summary = build_without_rejected(engine.settings, build)
    assert summary.startswith("built; version 3 of promotion.successor is rejected")
    assert build_without_rejected(engine.settings, build).startswith("built")
    assert project.run("build").exit_code == 1
    assert status(user, "successor") == {1: "champion", 2: "rejected", 3: "rejected"}
    assert predicting_version(user, "successor") == 1
    project.write("tests/never.sql", "select * from {{ ref('feat_rows') }}")
    with pytest.raises(UserError, match="never"):
        build_without_rejected(engine.settings, build)


def test_pending_candidate_is_tested_later(user: Session, project: DbtProject) -> None:
    """As after a run that was killed between training and tests."""
    add_model(project, "interrupted", "no_leakage", "not_null: {arguments: {column_name: version}}")
    outcome = project.run("run", "--select", "interrupted", "feat_rows")
    assert outcome.exit_code == 0, outcome.output
    assert "2 of the 2 tests are not part of this run" in outcome.output
    assert status(user, "interrupted") == {1: "candidate"}
    project.run("test", "--select", "test_name:not_null")
    assert status(user, "interrupted") == {1: "candidate"}
    assert project.run("build").exit_code == 0
    assert status(user, "interrupted") == {1: "champion"}
    # A candidate that a newer one replaces is never tested.
    for rows in (ROWS.format(a="sin(i) * 2", clue="0"), ROWS.format(a="sin(i) * 3", clue="0")):
        project.write("models/features/feat_rows.sql", rows)
        project.run("run", "--select", "interrupted", "feat_rows")
    assert status(user, "interrupted") == {1: "champion", 2: "archived", 3: "candidate"}
    assert project.run("test").exit_code == 0
    assert status(user, "interrupted") == {1: "archived", 2: "archived", 3: "champion"}


@pytest.mark.parametrize("failing", [0, 1])
def test_concurrent_test_results_decide_once(
    engine: Warehouse, user: Session, failing: int
) -> None:
    name = f"promotion test together {failing}"
    tests = [f"test {number}" for number in range(8)]
    try:
        version = user.train(name, await_tests=True)
        assert user.states(name) == {version: "candidate"}
        user.rows(
            "select ml.expect_tests(%s, %s, (select jsonb_object_agg(t, '') from unnest(%s) t))",
            name, version, tests,
        )  # fmt: skip

        def record(test: str) -> str | None:
            result = "fail" if failing and test == tests[5] else "pass"
            with closing(Session(engine.dsn("transformer"))) as session:
                return session.value(
                    "select ml.record_test(%s, %s, jsonb_build_object('test', %s, 'status', %s))",
                    name, version, test, result,
                )  # fmt: skip

        with ThreadPoolExecutor(len(tests)) as pool:
            (decision,) = [text for text in pool.map(record, tests) if text]
        assert ("rejected" if failing else "champion now") in decision
        assert user.states(name) == {version: "rejected" if failing else "champion"}
        query = "select count(*) from ml.promotions where model = %s"
        assert user.value(query, name) == 1 - failing
    finally:
        user.rows("select ml.drop_model(%s)", name)


def test_unexpected_test_decides_nothing(user: Session) -> None:
    name = "promotion test unexpected"
    try:
        version = user.train(name, promote="never")
        decisions = user.rows("select * from ml.expect_tests(%s, %s, null)", name, version)
        assert decisions == [(version, None)]
        result = '{"test": "another", "status": "fail"}'
        assert user.value("select ml.record_test(%s, %s, %s)", name, version, result) is None
        assert user.states(name) == {version: "candidate"}
    finally:
        user.rows("select ml.drop_model(%s)", name)
