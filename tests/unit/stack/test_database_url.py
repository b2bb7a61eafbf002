"""The URL of an existing server: its forms, what programs get of it, errors without secrets."""

import stat
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy.engine.url import make_url

from scripts.assets.model.database_uri import fill_uri, restore_uri
from scripts.database_url import existing_server, parse_url
from scripts.environments import OVERLAYS
from scripts.errors import UserError
from scripts.settings import create_settings, load_settings, template_keys
from scripts.stack.build import PGOPTIONS, dbt_environment
from scripts.stack.external.libpq import libpq_environment
from scripts.stack.selection import open_stack

WAREHOUSE = "postgresql+psycopg2://dashboard:${DASHBOARD_PASSWORD}@${POSTGRES_HOST}:${POSTGRES_PORT}/${DATABASE}"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in template_keys():
        monkeypatch.delenv(key, raising=False)


def settings_with(root: Path, monkeypatch: pytest.MonkeyPatch, **values: str):
    """The settings of a first start with these variables in the environment."""
    for key, value in values.items():
        monkeypatch.setenv(key, value)
    create_settings(root)
    return load_settings(root)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://ada:p%40s%2Fs@db:5433/shop", ("db", 5433, "shop", "ada", "p@s/s")),
        ("postgres://ada:p%3As@db/shop", ("db", 5432, "shop", "ada", "p:s")),
        ("postgresql+psycopg2://ada:x?y#z@db/my%20shop", ("db", 5432, "my shop", "ada", "x?y#z")),
        ("postgresql://ada@[::1]:5433/shop", ("::1", 5433, "shop", "ada", "")),
        ("postgresql://ada:x@/shop?host=/run/pg&port=5433", ("/run/pg", 5433, "shop", "ada", "x")),
        ("postgresql://ada:x@%2Frun%2Fpg/shop", ("/run/pg", 5432, "shop", "ada", "x")),
        ("postgresql://db/shop", ("db", 5432, "shop", "", "")),
    ],
)
def test_parts_of_url(url: str, expected: tuple) -> None:
    address = parse_url("DATABASE_URL", url)
    parts = (address.host, address.port, address.database, address.user, address.password)
    assert parts == expected
    assert not address.password or address.password not in repr(address)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("postgresql://ada:12/34@db/shop", "no URL of PostgreSQL"),
        ("postgresql://ada:1234/5678@db", "no URL of PostgreSQL"),
        ("postgresql://ada:1@234@db/shop", "no URL of PostgreSQL"),
        ("postgresql://ada:%zz1234@db/shop", "no URL of PostgreSQL"),
        ("postgresql://ada:1234@db:54x/shop", "no URL of PostgreSQL"),
        ("postgresql://ada:1234@db:70000/shop", "no URL of PostgreSQL"),
        ("postgresql://ada:1234@db/shop?sslmod=require", "unknown parameter"),
        ("mysql://ada:1234@db/shop", "no URL of PostgreSQL"),
        ("1234", "no URL of PostgreSQL"),
        ("host=db dbname=shop password=1234", "no URL of PostgreSQL"),
        ("postgresql://ada:1234@db", "names no database"),
        ("postgresql://ada:1234@db/", "names no database"),
        ("postgresql://ada:1234@/shop", "names no host"),
        ("postgresql://ada:1234@a,b/shop", "must name one server"),
        ("postgresql://ada:1234@a/shop?service=x", "must name one server"),
    ],
)
def test_invalid_url_is_one_line_without_any_part(url: str, problem: str) -> None:
    with pytest.raises(UserError, match=f"DATABASE_URL in .env.*{problem}") as caught:
        parse_url("DATABASE_URL", url)
    line = caught.value.line.replace("5432", "")
    assert "\n" not in line
    assert not any(part in line for part in ("1234", "12", "34", "5678", "ada"))


def test_which_login_is_the_superusers() -> None:
    only = existing_server({"DATABASE_URL": "postgresql://boss:x@db/shop"})
    assert only and only.admin and (only.admin.user, only.address.user) == ("boss", "")
    plain = existing_server({"DATABASE_URL": "postgresql://transformer:x@db/shop"})
    assert plain and plain.admin is None
    both = existing_server(
        {
            "DATABASE_URL": "postgresql://db/shop",
            "DATABASE_ADMIN_URL": "postgresql://boss@/?host=/run",
        }
    )
    assert both and both.admin and (both.admin.host, both.admin.database) == ("/run", "shop")
    assert existing_server({"DATABASE_URL": "", "DATABASE_ADMIN_URL": ""}) is None
    for values, problem in (
        ({"DATABASE_ADMIN_URL": "postgresql://boss:x@db/shop"}, "needs DATABASE_URL"),
        (
            {"DATABASE_URL": "postgresql://db/a", "DATABASE_ADMIN_URL": "postgresql://boss@db/b"},
            "name two databases",
        ),
    ):
        with pytest.raises(UserError, match=problem):
            existing_server(values)


def test_programs_get_every_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = "sslmode=require&keepalives_idle=30&options=-c%20geqo%3Doff"
    settings = settings_with(
        tmp_path, monkeypatch,
        DATABASE_URL=f"postgresql://transformer:p%40ss%2Fword@db.example:6000/shop?{options}",
        DATABASE_ADMIN_URL="postgresql://boss:top%25secret@localhost:6001/shop",
    )  # fmt: skip
    dsn = settings.dsn("transformer")
    assert (dsn["host"], dsn["port"], dsn["dbname"]) == ("db.example", 6000, "shop")
    assert (dsn["password"], dsn["sslmode"]) == ("p@ss/word", "require")
    assert dsn["connect_timeout"] == "10"
    admin = settings.dsn("postgres")
    assert (admin["user"], admin["port"], admin["password"]) == ("boss", 6001, "top%secret")
    assert "sslmode" not in admin
    assert settings.dsn("superset")["dbname"] == "superset"
    uri = make_url(settings.uri("dashboard"))
    assert (uri.host, uri.port, uri.database, uri.username) == (
        "db.example",
        6000,
        "shop",
        "dashboard",
    )
    assert uri.query == {
        "sslmode": "require", "keepalives_idle": "30", "options": "-c geqo=off",
    }  # fmt: skip

    environment = dbt_environment(settings, "warehouse")
    assert environment["PGOPTIONS"] == f"-c geqo=off {PGOPTIONS}"
    assert (environment["POSTGRES_DATABASE"], environment["POSTGRES_PORT"]) == ("shop", "6000")
    file = Path(environment["PGSERVICEFILE"])
    assert "sslmode=require\n" in file.read_text() and "keepalives_idle=30\n" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    admin_environment = dbt_environment(settings, "admin")
    assert admin_environment["POSTGRES_USER"] == "boss"
    assert "sslmode" not in Path(admin_environment["PGSERVICEFILE"]).read_text()
    secrets = ("p@ss/word", "p%40ss", "top%")
    assert not any(secret in repr(settings) + file.read_text() for secret in secrets)
    assert "boss" not in environment.values()


def test_service_file_gives_libpq_its_parameters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "postgresql://boss:x@127.0.0.1:1/shop?sslmode=verify-full&sslrootcert=/not/there"
    settings = settings_with(tmp_path, monkeypatch, DATABASE_URL=url)
    for name, value in libpq_environment(settings, "transformer").items():
        monkeypatch.setenv(name, value)
    assert psycopg2.extensions.make_dsn(host="127.0.0.1") == "host=127.0.0.1"
    with pytest.raises(psycopg2.OperationalError, match="Connection refused"):
        psycopg2.connect(host="127.0.0.1", port=1, user="a", password="b", dbname="c")


def test_own_server_is_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_with(tmp_path, monkeypatch, POSTGRES_PORT="15999")
    assert settings.extra_values["DATABASE_URL"] == settings.extra_values["SUPERSET_URL"] == ""
    assert (settings.database, settings.existing_server) == ("warehouse", None)
    assert libpq_environment(settings, "transformer") == {}
    assert dbt_environment(settings, "warehouse")["PGOPTIONS"] == PGOPTIONS
    assert settings.uri("dashboard").endswith("@127.0.0.1:15999/warehouse")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://boss:x@db.example:6000/my-shop?sslmode=require",
        "postgresql://boss:x@/my-shop?host=/var/run/postgresql&port=6000",
        "postgresql://boss:x@[::1]:6000/my-shop",
    ],
)
def test_dashboards_use_the_same_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    settings = settings_with(tmp_path, monkeypatch, DATABASE_URL=url)
    uri = fill_uri(WAREHOUSE, settings)
    assert make_url(uri) == make_url(settings.uri("dashboard"))
    shown = make_url(uri).render_as_string(hide_password=False)
    shown = shown.replace(settings.dashboard_password, "XXXXXXXXXX")
    assert restore_uri(shown, settings, WAREHOUSE) == WAREHOUSE


def test_an_environment_keeps_its_own_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://boss:x@db.example/shop?sslmode=require")
    create_settings(tmp_path)
    (tmp_path / OVERLAYS).mkdir(parents=True)
    overlay = "POSTGRES_HOST: prod.example\nPOSTGRES_PORT: 6001\nDATABASE: prod\n"
    (tmp_path / OVERLAYS / "prod.yml").write_text(overlay)
    uri = make_url(fill_uri(WAREHOUSE, load_settings(tmp_path, "prod")))
    assert (uri.host, uri.port, uri.database) == ("prod.example", 6001, "prod")


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"DATABASE_URL": "postgresql://boss:x@db/shop", "MODE": "docker"}, "DATABASE_URL in .env"),
        ({"SUPERSET_URL": "https://bi.example", "MODE": "docker-redis"}, "SUPERSET_URL in .env"),
        ({"SUPERSET_URL": "bi.example"}, "SUPERSET_URL in .env is no address"),
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL in .env is no URL"),
    ],
)
def test_refused_settings_write_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: dict[str, str], problem: str
) -> None:
    with pytest.raises(UserError, match=problem):
        settings_with(tmp_path, monkeypatch, **values)
    assert list(tmp_path.iterdir()) == []


def test_server_of_our_own_is_not_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_with(tmp_path, monkeypatch, DATABASE_URL="postgresql://boss:x@db/shop")
    (settings.state / "postgres").mkdir(parents=True)
    with pytest.raises(UserError, match="has one of its own"):
        open_stack(settings)


def test_superuser_is_named_where_one_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "postgresql://transformer:x@db/shop"
    settings = settings_with(tmp_path, monkeypatch, DATABASE_URL=url)
    assert settings.transformer_password == "x"
    assert not settings.has_superuser
    with pytest.raises(UserError, match="into DATABASE_ADMIN_URL"):
        settings.dsn("postgres")
