"""One push or plan for several environments: a result for each, and the worst exit code."""

import json
from unittest.mock import patch

import pytest

from scripts.assets.model.asset import Asset
from scripts.assets.sync.environments import run_for_each, selected_settings
from scripts.assets.sync.plan import UPDATE, Step, plan
from scripts.environments import OVERLAYS, selected_environments
from scripts.errors import UserError
from scripts.settings import create_settings, load_settings
from tests.unit.assets.sample_assets import SETTINGS, uuid_of

RESULTS = {"staging": ("pushed", 0), "production": ("2 to update", 2), "": ("no difference", 0)}


@pytest.fixture
def project(tmp_path, monkeypatch):
    for name in ("ENV", "GLASSHOUSE_ENV"):
        monkeypatch.delenv(name, raising=False)
    create_settings(tmp_path)
    (tmp_path / OVERLAYS).mkdir(parents=True)
    for name in ("staging", "production"):
        (tmp_path / OVERLAYS / f"{name}.yml").write_text(f"SCHEMA_PREFIX: {name}_\n")
    monkeypatch.setattr("scripts.settings.ROOT", tmp_path)
    return tmp_path


def settings_of(*names: str):
    return [SETTINGS.model_copy(update={"environment": name}) for name in names]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("staging", ["staging"]),
        ("staging,production", ["staging", "production"]),
        (" staging , production, staging,", ["staging", "production"]),
        ("/etc/profile", []),
        ("$HOME/.shrc", []),
    ],
)
def test_names_are_separated_by_commas(text, expected):
    assert selected_environments({"ENV": text}) == expected


@pytest.mark.parametrize("text", ["Production", "staging;production", "staging,Prod", "-x"])
def test_invalid_name_is_error(text):
    with pytest.raises(UserError, match="ENV cannot be"):
        selected_environments({"ENV": text})


def test_each_environment_has_own_settings(project, monkeypatch):
    monkeypatch.setenv("ENV", "staging,production")
    prefixes = [settings.value("SCHEMA_PREFIX") for settings in selected_settings()]
    assert prefixes == ["staging_", "production_"]
    with pytest.raises(UserError, match=r"ENV names 2 environments: staging, production.*name one"):
        load_settings(project)
    # Nothing is sent to staging where production is misspelt.
    monkeypatch.setenv("ENV", "staging,prodution")
    with pytest.raises(UserError, match="no environment prodution"):
        selected_settings()


def test_each_environment_has_result_line_and_worst_exit_code_counts(capsys):
    assert run_for_each(settings_of("staging", "production"), lambda s: RESULTS[s.environment]) == 2
    output = capsys.readouterr().out
    assert output.splitlines()[-2:] == ["staging: pushed", "production: 2 to update"]

    def run(settings):
        if settings.environment == "staging":
            raise UserError("Superset does not answer", "make up")
        return RESULTS[settings.environment]

    assert run_for_each(settings_of("staging", "production"), run) == 1
    streams = capsys.readouterr()
    assert "staging: Error: Superset does not answer. Do: make up." in streams.err
    assert streams.out.splitlines()[-1] == "production: 2 to update"
    # With one environment an error is that of the command, as before.
    with pytest.raises(UserError):
        run_for_each(settings_of("staging"), run)


def test_json_plan_of_environments_is_one_list(capsys):
    chart = Asset("charts", {"slice_name": "Rows", "uuid": uuid_of("Rows")})
    steps = {"staging": [], "production": [Step(UPDATE, chart, "changed in git")]}
    with patch("scripts.assets.sync.plan.read_steps", lambda s: steps[s.environment]):
        assert plan(settings_of("staging", "production"), "json") == 2
        (item,) = json.loads(capsys.readouterr().out)
        assert (item["environment"], item["title"]) == ("production", "Rows")
        assert plan(settings_of("staging"), "json") == 0
        assert json.loads(capsys.readouterr().out) == []
        assert plan(settings_of("staging", "production")) == 2
    assert "staging: no difference\nproduction: 1 to update" in capsys.readouterr().out
