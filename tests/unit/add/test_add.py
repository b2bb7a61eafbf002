"""The dbt files that `make add` writes, keeps and removes."""

from pathlib import Path

import pytest
import yaml

from scripts.add.dbt_files import DbtFiles, file_paths, is_declared, require_own_name, write
from scripts.add.facts import ColumnFacts
from scripts.add.features import feature_texts
from scripts.add.leaks import with_relatives
from scripts.add.remove import files_of, require_no_readers
from scripts.errors import UserError
from scripts.settings import ROOT

from .tables import CITY, ID, RETURNED, SPENT, column, proposal


def rendered_files(*columns: ColumnFacts, unlabelled=None, **choices) -> dict[str, str]:
    table_proposal = proposal(*columns, name="visits", **choices)
    return DbtFiles(table_proposal, "visits", frozenset(("order",)), unlabelled).render()


CASES = {
    "classification": ([ID, RETURNED, CITY, SPENT], {"target": "returned"}, None),
    "key is made": ([RETURNED, CITY], {"target": "returned"}, None),
    "clustering": ([ID, CITY, SPENT], {"task": "clustering"}, None),
    "left out": ([ID, RETURNED, CITY, SPENT], {"target": "spent", "drop": ("city",)}, None),
    "time": (
        [ID, RETURNED, CITY, column("seen_on", "date", 200)],
        {"target": "returned"},
        None,
    ),
    "rows to predict": (
        [ID, RETURNED, CITY, SPENT],
        {"target": "returned"},
        ("visits_unlabelled", {"visit_id": "bigint", "city": "text", "spent": "integer"}),
    ),
    "odd names": (
        [
            ID,
            column("order", "integer", 40),
            column('say "hi"'),
            column("plain", header="{{ x }} y"),
        ],
        {"target": "order"},
        None,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_all_files_have_descriptions(case: str) -> None:
    columns, choices, unlabelled = CASES[case]
    files = rendered_files(*columns, unlabelled=unlabelled, **choices)
    assert len(files) == 11
    for path, text in files.items():
        if path.endswith(".yml"):
            document = yaml.safe_load(text)
            nodes = document.get("models") or document["sources"]
            assert all(node["description"].strip() for node in nodes), path
            assert "{{" not in text


def test_reserved_names_are_quoted() -> None:
    columns, choices, _ = CASES["odd names"]
    files = rendered_files(*columns, **choices)
    features = files["features/feat_visits__base.sql"]
    assert '"say ""hi"""' in features
    assert 'labels."order"' in files["ml/visits.sql"]


def test_columns_with_equal_headers_have_different_labels() -> None:
    long = "a long question of a survey about the visit to the shop "
    headers = {"a_b": "a b", "a_b_2": "a b", "long_1": f"{long} 1", "long_2": f"{long} 2"}
    columns = [column(name, header=header) for name, header in headers.items()]
    text = rendered_files(ID, RETURNED, *columns, target="returned")[
        "features/feat_visits__base.yml"
    ]
    (model,) = yaml.safe_load(text)["models"]
    labels = [each["description"].split(";")[0] for each in model["columns"][1:]]
    assert labels == ["A b", "A b 2", "Long 1", "Long 2"]


def test_column_with_template_braces_is_refused() -> None:
    with pytest.raises(UserError, match="brace in its name"):
        rendered_files(ID, RETURNED, column("{{ 7 }}"), target="returned")


def test_prediction_rows_have_types_of_labelled_rows() -> None:
    columns, choices, unlabelled = CASES["rows to predict"]
    staging = rendered_files(*columns, unlabelled=unlabelled, **choices)[
        "staging/csv/stg_csv__visits.sql"
    ]
    assert "cast(null as boolean) as returned" in staging
    assert "cast(spent as double precision)" in staging


def test_target_of_prediction_rows_is_not_learned_from() -> None:
    columns, choices, unlabelled = CASES["rows to predict"]
    types = {**unlabelled[1], "returned": "boolean"}
    files = rendered_files(*columns, unlabelled=("visits_unlabelled", types), **choices)
    assert "cast(null as boolean) as returned" in files["staging/csv/stg_csv__visits.sql"]


def test_table_is_source_of_one_file_only(tmp_path: Path) -> None:
    write(tmp_path, rendered_files(ID, RETURNED, CITY, target="returned"))
    assert not is_declared(tmp_path, "visits", "csv", "visits")
    assert is_declared(tmp_path, "other", "csv", "visits")
    assert not is_declared(tmp_path, "other", "csv", "other")
    second = DbtFiles(
        proposal(ID, RETURNED, CITY, name="other", target="returned"),
        "visits",
        frozenset(),
        is_declared=True,
    ).render()
    assert not any(Path(path).name.startswith("_") for path in second)


def test_model_that_others_read_is_not_removed(tmp_path: Path) -> None:
    write(tmp_path, rendered_files(ID, RETURNED, CITY, target="returned"))
    reader = tmp_path / "dbt" / "models" / "reports" / "rpt_visits.sql"
    reader.parent.mkdir()
    schema, files = files_of(tmp_path, "visits")
    for text in ("{{ ref('pred_visits') }}", '{{ source("csv", "visits") }}'):
        reader.write_text(f"select * from {text}\n")
        with pytest.raises(UserError, match=r"rpt_visits\.sql reads what make add has made"):
            require_no_readers(tmp_path, "visits", schema, files)
    reader.write_text("select * from {{ ref('pred_visits_2') }}\n")
    require_no_readers(tmp_path, "visits", schema, files)


def test_edited_file_is_kept_and_difference_shown(tmp_path: Path) -> None:
    files = rendered_files(ID, RETURNED, CITY, target="returned")
    paths, differences = write(tmp_path, files)
    assert len(paths) == 11
    assert differences == []
    model_file = tmp_path / "dbt" / "models" / "ml" / "visits.sql"
    model_file.write_text("select 1\n")
    paths, differences = write(tmp_path, files)
    assert paths == []
    assert model_file.read_text() == "select 1\n"
    assert "-select 1" in differences


def test_existing_model_name_is_refused(tmp_path: Path) -> None:
    model = tmp_path / "dbt" / "models" / "ml" / "visits.sql"
    model.parent.mkdir(parents=True)
    model.write_text("select 1\n")
    with pytest.raises(UserError, match=r"already has dbt/models/ml/visits\.sql"):
        require_own_name(tmp_path, "visits", "csv")
    require_own_name(tmp_path, "other", "csv")


def test_related_columns_of_leak_are_left_out() -> None:
    names = ["status", "status_date", "statuses", "city"]
    assert set(with_relatives({"status": "…"}, names)) == {"status", "status_date"}
    assert with_relatives({}, names) == {}


@pytest.mark.parametrize("missing", ["staging.sql", "features.sql", "model.sql"])
def test_handwritten_model_is_not_replaced_or_removed(tmp_path: Path, missing: str) -> None:
    write(tmp_path, rendered_files(ID, RETURNED, CITY, target="returned"))
    schema, files = files_of(tmp_path, "visits")
    assert (schema, len(files)) == ("csv", 11)
    require_own_name(tmp_path, "visits", "csv")
    (tmp_path / "dbt" / "models" / file_paths("visits", "csv")[missing]).unlink()
    with pytest.raises(UserError, match="already has"):
        require_own_name(tmp_path, "visits", "csv")
    with pytest.raises(UserError, match="has not made a model"):
        files_of(tmp_path, "visits")


def test_project_models_are_refused() -> None:
    with pytest.raises(UserError, match="already has"):
        require_own_name(ROOT, "breast_cancer", "csv")
    with pytest.raises(UserError, match=r"already has dbt/seeds/metric_labels\.csv"):
        require_own_name(ROOT, "metric_labels", "csv")
    with pytest.raises(UserError, match="has not made a model"):
        files_of(ROOT, "breast_cancer")


def test_feature_file_is_open_task_with_owner_and_tests() -> None:
    texts = feature_texts(
        "visits", "csv", "order", "Ada: marketing", "visit id", "returned", frozenset(("order",))
    )
    (model,) = yaml.safe_load(texts["yml"])["models"]
    assert model["name"] == "feat_visits__order"
    assert model["config"]["meta"] == {
        "owner": "Ada: marketing",
        "feature_group": "order",
        "status": "wanted",
    }
    assert [column["name"] for column in model["columns"]] == ["visit id", "order"]
    assert model["data_tests"]
    assert 'as "order"' in texts["sql"]
    assert '"visit id",' in texts["sql"]


def test_feature_files_are_removed_with_model(tmp_path: Path) -> None:
    write(tmp_path, rendered_files(ID, RETURNED, CITY, target="returned"))
    file = tmp_path / "dbt" / "models" / "features" / "visits" / "feat_visits__deck.sql"
    file.parent.mkdir()
    file.write_text("select 1\n")
    assert file in files_of(tmp_path, "visits")[1]


def test_killed_command_leaves_complete_files_and_can_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = rendered_files(ID, RETURNED, CITY, target="returned")
    replace = Path.replace
    written_paths: list[Path] = []

    def killed_later(self: Path, target: Path) -> Path:
        if len(written_paths) == 4:
            raise KeyboardInterrupt
        written_paths.append(target)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", killed_later)
    # A process that is killed removes nothing.
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, files)
    monkeypatch.undo()
    paths, differences = write(tmp_path, files)
    assert (len(paths), differences) == (7, [])


def test_interrupted_writing_leaves_no_file(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "dbt" / "models").mkdir(parents=True)
    existing = tmp_path / "dbt" / "models" / "own.sql"
    existing.write_text("select 1\n")
    replace = Path.replace

    def interrupted(draft: Path, path: Path) -> Path:
        if path.name == "second.sql":
            raise KeyboardInterrupt
        return replace(draft, path)

    monkeypatch.setattr(Path, "replace", interrupted)
    files = {"own.sql": "select 2\n", "ml/first.sql": "a", "ml/second.sql": "b", "third.sql": "c"}
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, files)
    left = [path.name for path in (tmp_path / "dbt" / "models").rglob("*.*")]
    assert left == ["own.sql"]
    assert existing.read_text() == "select 1\n"
