"""One set of files for several installations: placeholders are filled and restored."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.assets.files.bundle import Files
from scripts.assets.files.yaml_text import dump_yaml
from scripts.assets.model.asset import Bundle
from scripts.assets.model.complete import complete
from scripts.assets.model.database_uri import MASK
from scripts.assets.model.placeholders import schema_in_git, server_schema
from scripts.assets.sync.server_assets import server_bundle
from scripts.environments import OVERLAYS, selected_environment
from scripts.errors import UserError
from scripts.settings import create_settings, load_settings
from tests.unit.assets.sample_assets import ASSETS, SETTINGS

ADA = {
    "SCHEMA_PREFIX": "ada_",
    "DATABASE": "warehouse_ada",
    "POSTGRES_HOST": "db.example.org",
    "POSTGRES_PORT": "6000",
    "CERTIFIED_BY": "Ada",
}
INSTALLATIONS = [{}, ADA, ADA | {"SCHEMA_PREFIX": "x", "CERTIFIED_BY": ""}]


def with_more(more: dict[str, str]):
    return SETTINGS.model_copy(update={"extra_values": more})


def git(**sql) -> Bundle:
    """The sample, with something of everything that differs between installations."""
    data = copy.deepcopy(ASSETS)
    data["databases/warehouse.yaml"]["sqlalchemy_uri"] = (
        "postgresql+psycopg2://reader:${READER_PASSWORD}@${POSTGRES_HOST}:${POSTGRES_PORT}/${DATABASE}"
    )
    data["datasets/reports/sales.yaml"]["sql"] = "select * from ${SCHEMA_PREFIX}reports.raw"
    data["dashboards/sales.yaml"]["certified_by"] = "${CERTIFIED_BY}"
    data["charts/sales/rows.yaml"]["certification_details"] = "by ${CERTIFIED_BY}"
    data["charts/sales/by_region.yaml"]["params"]["template"] = "${CERTIFIED_BY} {{name}}"
    return Files({path: (path.split("/")[0], each) for path, each in data.items()}).bundle()


def sent_files(bundle: Bundle, more: dict[str, str]) -> dict[str, dict]:
    settings = with_more(more | {"READER_PASSWORD": "se/cret"})
    return {asset.path: complete(asset, bundle, settings) for asset in bundle}


def exported_files(files: dict[str, dict]) -> dict[str, str]:
    """As Superset gives them back: without the password."""
    text = {path: dump_yaml(data) for path, data in files.items()}
    return {path: each.replace("se%2Fcret", MASK) for path, each in text.items()}


@pytest.mark.parametrize("more", INSTALLATIONS)
def test_round_trip_has_no_difference_on_any_installation(more):
    result = server_bundle(
        exported_files(sent_files(git(), more)), with_more(more | {"READER_PASSWORD": "x"}), git()
    )
    assert {a.uuid: a.data for a in result} == {a.uuid: a.data for a in git()}


def test_placeholders_are_filled():
    files = sent_files(git(), ADA)
    assert files["databases/warehouse.yaml"]["sqlalchemy_uri"] == (
        "postgresql+psycopg2://reader:se%2Fcret@db.example.org:6000/warehouse_ada"
    )
    assert files["datasets/reports/sales.yaml"]["schema"] == "ada_reports"
    assert files["datasets/reports/sales.yaml"]["sql"] == "select * from ada_reports.raw"
    assert files["dashboards/sales.yaml"]["certified_by"] == "Ada"
    assert files["charts/sales/by_region.yaml"]["params"]["template"] == "${CERTIFIED_BY} {{name}}"
    assert sent_files(git(), {})["dashboards/sales.yaml"]["certified_by"] is None


def test_edited_query_keeps_other_placeholders():
    files = sent_files(git(), {})
    dataset = files["datasets/reports/sales.yaml"]
    dataset["sql"] = "select amount from reports.raw where reports_old = 1"
    result = server_bundle(exported_files(files), with_more({"READER_PASSWORD": "x"}), git())
    (dataset,) = result.kind("datasets")
    assert dataset.data["sql"] == (
        "select amount from ${SCHEMA_PREFIX}reports.raw where reports_old = 1"
    )


def test_certification_changed_in_superset_is_change():
    files = sent_files(git(), ADA)
    files["dashboards/sales.yaml"]["certified_by"] = "Somebody else"
    result = server_bundle(exported_files(files), with_more(ADA | {"READER_PASSWORD": "x"}), git())
    assert result.kind("dashboards")[0].data["certified_by"] == "Somebody else"


@given(
    schema=st.from_regex("[a-z][a-z_]{0,8}", fullmatch=True),
    prefix=st.sampled_from(["", "ada_", "a", "a_"]),
    is_fixed=st.booleans(),
)
def test_schema_name_round_trip(schema, prefix, is_fixed):
    settings = with_more({"SCHEMA_PREFIX": prefix})
    git_name = f"${{NO_PREFIX}}{schema}" if is_fixed else schema
    assert schema_in_git(server_schema(git_name, settings), settings, [git_name]) == git_name
    # One that git does not know yet leads back to the same schema here.
    assert server_schema(schema_in_git(schema, settings), settings) == schema


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with one environment."""
    for name in ("ENV", "GLASSHOUSE_ENV"):
        monkeypatch.delenv(name, raising=False)
    create_settings(tmp_path)
    (tmp_path / OVERLAYS).mkdir(parents=True)
    (tmp_path / OVERLAYS / "ada.yml").write_text("SCHEMA_PREFIX: ada_\nPOSTGRES_PORT: 6000\n")
    return tmp_path


def test_environment_is_selected_by_name(project, monkeypatch):
    default_settings = load_settings(project)
    assert (default_settings.environment, default_settings.value("SCHEMA_PREFIX")) == ("", None)
    monkeypatch.setenv("ENV", "ada")
    settings = load_settings(project)
    assert (settings.environment, settings.value("SCHEMA_PREFIX")) == ("ada", "ada_")
    assert settings.value("POSTGRES_PORT") == "6000"
    assert settings.postgres_port == default_settings.postgres_port, (
        "this machine's own stays what it is"
    )


def test_environment_secrets_are_in_own_file(project, monkeypatch):
    monkeypatch.setenv("GLASSHOUSE_ENV", "ada")
    (project / ".env.ada").write_text("SUPERSET_ADMIN_PASSWORD='theirs'\nDASHBOARD_PASSWORD=d\n")
    settings = load_settings(project)
    assert settings.value("SUPERSET_ADMIN_PASSWORD") == "theirs"
    assert settings.superset_admin_password != "theirs"
    assert "theirs" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DASHBOARD_PASSWORD: x", r"DASHBOARD_PASSWORD is a secret.*put it into \.env\.ada"),
        ("SCHEMA: x", "SCHEMA is unknown.*SCHEMA_PREFIX"),
        ("POSTGRES_PORT: abc", 'POSTGRES_PORT cannot be "abc"'),
        ("SCHEMA_PREFIX: [a]", "SCHEMA_PREFIX must be text"),
        ("- a", "holds no fields"),
        ("a: [", "cannot be read"),
    ],
)
def test_overlay_error_names_key(text, expected, project, monkeypatch):
    monkeypatch.setenv("ENV", "ada")
    (project / OVERLAYS / "ada.yml").write_text(text)
    with pytest.raises(UserError, match=expected):
        load_settings(project)


def test_unknown_environment_lists_existing_ones(project, monkeypatch):
    monkeypatch.setenv("ENV", "production")
    with pytest.raises(UserError, match=r"no environment production.*choose one of ada"):
        load_settings(project)


def test_shell_startup_file_is_not_environment():
    assert selected_environment({"ENV": "/etc/shrc"}) == ""
    assert selected_environment({"ENV": "/etc/shrc", "GLASSHOUSE_ENV": "ada"}) == "ada"
    with pytest.raises(UserError, match="cannot be"):
        selected_environment({"GLASSHOUSE_ENV": "../ada"})


def test_new_keys_are_added_to_old_env(project):
    path = project / ".env"
    text = path.read_text().replace("STAKEHOLDER_PASSWORD=", "#")
    path.write_text(text)
    assert load_settings(project).value("STAKEHOLDER_PASSWORD") is None
    settings = create_settings(project)
    assert len(settings.value("STAKEHOLDER_PASSWORD")) > 30
    assert path.read_text().startswith(text)
    assert create_settings(project) == settings


@pytest.mark.parametrize("parameters", ["", "?sslmode=require"])
def test_catalog_added_by_editor_is_removed(parameters):
    """With it, an installation whose database has another name would read the wrong database."""
    data = {"sqlalchemy_uri": f"postgresql://a@${{POSTGRES_HOST}}/${{DATABASE}}{parameters}"}
    here = with_sources(databases=data)
    for more in INSTALLATIONS:
        files = sent_files(here, more)
        database = (more or {"DATABASE": "warehouse"})["DATABASE"]
        files["datasets/reports/sales.yaml"]["catalog"] = database
        result = server_bundle(exported_files(files), with_more(more), here)
        assert "catalog" not in result.kind("datasets")[0].data
        files["datasets/reports/sales.yaml"]["catalog"] = "archive"
        result = server_bundle(exported_files(files), with_more(more), here)
        assert result.kind("datasets")[0].data["catalog"] == "archive"


def test_catalog_in_git_is_kept():
    here = with_sources(datasets={"catalog": "${DATABASE}"})
    result = server_bundle(exported_files(sent_files(here, ADA)), with_more(ADA), here)
    assert result.kind("datasets")[0].data["catalog"] == "${DATABASE}"


def with_sources(**more: dict) -> Bundle:
    """The sample with these fields in its database or dataset."""
    data = copy.deepcopy(ASSETS)
    data["databases/warehouse.yaml"] |= more.get("databases", {})
    data["datasets/reports/sales.yaml"] |= more.get("datasets", {})
    return Files({path: (path.split("/")[0], each) for path, each in data.items()}).bundle()
