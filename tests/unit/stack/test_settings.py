"""`.env`: created once, read strictly, and errors that name line and key."""

import stat
from pathlib import Path

import pytest

from scripts.errors import UserError
from scripts.settings import (
    ADDED_SECRETS,
    create_settings,
    ignored_variables,
    load_settings,
    template_keys,
)


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in template_keys():
        monkeypatch.delenv(key, raising=False)


def replace_in_env(root: Path, old: str, new: str) -> None:
    path = root / ".env"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_new_file_has_defaults_random_secrets_and_owner_only_mode(tmp_path: Path) -> None:
    settings = create_settings(tmp_path)
    other = create_settings(tmp_path.joinpath("other").mkdir() or tmp_path / "other")
    assert (settings.postgres_port, settings.superset_port) == (15432, 8088)
    assert settings.state == tmp_path / ".stack"
    assert len(settings.postgres_password) >= 32
    assert settings.postgres_password != settings.transformer_password
    assert settings.postgres_password != other.postgres_password
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert load_settings(tmp_path) == settings


def test_environment_sets_values_only_at_creation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTGRES_PORT", "15999")
    monkeypatch.setenv("DASHBOARD_PASSWORD", "it's # not easy")
    settings = create_settings(tmp_path)
    assert settings.postgres_port == 15999
    assert settings.dashboard_password == "it's # not easy"
    monkeypatch.setenv("POSTGRES_PORT", "16000")
    assert create_settings(tmp_path).postgres_port == 15999
    assert ignored_variables(settings) == ["POSTGRES_PORT"]


def test_invalid_environment_value_creates_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPERSET_PORT", "eighty")
    with pytest.raises(UserError, match="SUPERSET_PORT cannot be"):
        create_settings(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_settings_text_has_no_secrets(tmp_path: Path) -> None:
    settings = create_settings(tmp_path)
    assert settings.superset_secret_key not in repr(settings)
    assert settings.postgres_password not in str(settings)


def test_uri_is_quoted(tmp_path: Path) -> None:
    settings = create_settings(tmp_path).model_copy(update={"dashboard_password": "a/b@c:d"})
    assert settings.uri("dashboard").startswith("postgresql+psycopg2://dashboard:a%2Fb%40c%3Ad@")
    assert settings.uri("superset", "superset").endswith(":15432/superset")
    assert settings.dsn("superset")["dbname"] == "superset"
    assert settings.dsn("dashboard")["password"] == "a/b@c:d"


def test_quotes_comments_and_export_are_parsed(tmp_path: Path) -> None:
    create_settings(tmp_path)
    replace_in_env(
        tmp_path, "SUPERSET_ADMIN_USER=admin", 'export SUPERSET_ADMIN_USER="ada l" # her'
    )
    replace_in_env(tmp_path, "MODE=auto", "MODE=native # this machine")
    settings = load_settings(tmp_path)
    assert (settings.superset_admin_user, settings.mode) == ("ada l", "native")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("POSTGRES_PORT=15432", "POSTGRES_PORT=abc", r'line 7: POSTGRES_PORT cannot be "abc"'),
        ("POSTGRES_PORT=15432", "POSTGRES_PORT=70000", r'line 7: POSTGRES_PORT cannot be "70000"'),
        ("POSTGRES_PORT=15432", "POSTGRES_PROT=1", "line 7: unknown key POSTGRES_PROT.*write POST"),
        ("POSTGRES_PORT=15432", "what is this", "line 7: this is not KEY=value"),
        ("POSTGRES_PORT=15432", "", "POSTGRES_PORT is missing"),
        ("POSTGRES_PORT=15432", "POSTGRES_PORT=8088", "both 8088"),
        ("SUPERSET_PORT=8088", "POSTGRES_PORT=8088", "line 8: POSTGRES_PORT is there twice"),
        ("MODE=auto", "MODE=magic", r'line \d+: MODE cannot be "magic".*native'),
        ("MODE=auto", "MODE='auto", r"line \d+: MODE has no closing quote"),
        ("SUPERSET_ADMIN_USER=admin", "SUPERSET_ADMIN_USER=", "SUPERSET_ADMIN_USER is empty"),
    ],
)
def test_invalid_value_is_one_line_error(tmp_path: Path, old: str, new: str, message: str) -> None:
    create_settings(tmp_path)
    replace_in_env(tmp_path, old, new)
    with pytest.raises(UserError, match=message) as caught:
        load_settings(tmp_path)
    assert "\n" not in caught.value.line


def test_error_does_not_show_secret(tmp_path: Path) -> None:
    create_settings(tmp_path)
    text = (tmp_path / ".env").read_text()
    (tmp_path / ".env").write_text(text.replace("\nPOSTGRES_PASSWORD=", "\nPOSTGRES_PASSWORD='"))
    with pytest.raises(UserError) as caught:
        load_settings(tmp_path)
    assert text.partition("\nPOSTGRES_PASSWORD=")[2].splitlines()[0] not in caught.value.line


def test_missing_file_error_names_next_step(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no \.env in .* yet\. Do: make up"):
        load_settings(tmp_path)


def test_binary_file_is_one_line_error(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="cannot be read"):
        load_settings(tmp_path)


def test_new_secrets_are_added_to_old_file(tmp_path: Path) -> None:
    create_settings(tmp_path)
    text = (tmp_path / ".env").read_text()
    older = [line for line in text.splitlines() if not line.startswith(ADDED_SECRETS)]
    (tmp_path / ".env").write_text("\n".join(older))
    assert load_settings(tmp_path).row_filter_password == ""
    settings = create_settings(tmp_path)
    assert len(settings.analyst_db_password) >= 32
    assert len({settings.password(role) for role in ("analyst", "dashboard_0", "dashboard")}) == 3
    assert create_settings(tmp_path) == settings
    replace_in_env(tmp_path, f"={settings.row_filter_password}", "=")
    with pytest.raises(UserError, match="ROW_FILTER_PASSWORD is empty"):
        load_settings(tmp_path)
