"""The settings of one installation, read from `.env`; the first `make up` writes that file.

`.env.example` names the keys, explains them and holds their defaults.
"""

import difflib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scripts.database_url import TRANSFORMER, Address, ExistingServer, existing_server
from scripts.env_file import parse, parse_file, quoted, write
from scripts.environments import overlay_values, selected_environment
from scripts.errors import UserError

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / ".env.example"

Port = Annotated[int, Field(ge=1, le=65535)]
Word = Annotated[str, Field(min_length=1)]
Secret = Annotated[str, Field(min_length=1, repr=False)]

PASSWORD_FIELDS = {
    "postgres": "postgres_password",
    "transformer": "transformer_password",
    "dashboard": "dashboard_password",
    "analyst": "analyst_db_password",
    "superset": "superset_db_password",
}
# Secrets that the `.env` of an older version lacks. The next `make up` adds them.
ADDED_SECRETS = ("ANALYST_DB_PASSWORD", "ROW_FILTER_PASSWORD")


class Settings(BaseModel):
    """The settings of the installation that a command works on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    root: Path
    state: Path
    mode: Literal["auto", "native", "docker", "docker-redis", "cluster"] = "auto"
    postgres_host: str = "127.0.0.1"
    postgres_port: Port
    superset_port: Port
    superset_admin_user: Word
    superset_admin_password: Secret
    postgres_password: Secret
    transformer_password: Secret
    dashboard_password: Secret
    superset_db_password: Secret
    superset_secret_key: Secret
    analyst_db_password: Secret = ""
    row_filter_password: Secret = ""
    # The environment that ENV=… names; "" is this installation.
    environment: str = ""
    # The server of DATABASE_URL; None: this installation has a server of its own.
    existing_server: ExistingServer | None = Field(default=None, repr=False)
    # The address of the Superset of SUPERSET_URL; "": this installation has one of its own.
    existing_superset: str = ""
    # Further keys of `.env`, and all keys of the environment's files. They are not merged into the
    # fields: the fields describe this machine, which `make up` changes, and the files of an
    # environment may name a server in production.
    extra_values: dict[str, str] = Field(default_factory=dict, repr=False)

    @property
    def local_superset_url(self) -> str:
        """The address of this installation's Superset."""
        return self.existing_superset or f"http://127.0.0.1:{self.superset_port}"

    @property
    def superset_url(self) -> str:
        """The address of the Superset that the dashboards are pushed to."""
        return self.extra_values.get("SUPERSET_URL", "").rstrip("/") or self.local_superset_url

    @property
    def database(self) -> str:
        """The name of the database that dbt builds in."""
        return self.existing_server.address.database if self.existing_server else "warehouse"

    @property
    def database_place(self) -> str:
        """Where the server listens, as text."""
        return f"{self.postgres_host}:{self.postgres_port}"

    def value(self, key: str) -> str | None:
        """The value of a key in the selected environment or `.env`; None if it is in neither."""
        if key in self.extra_values or key.lower() not in Settings.model_fields:
            return self.extra_values.get(key)
        return str(getattr(self, key.lower()))

    @property
    def mode_file(self) -> Path:
        """The file in which the first `make up` records its choice if MODE is auto."""
        return self.state / "mode"

    @property
    def in_containers(self) -> bool:
        """Whether PostgreSQL and Superset run as containers."""
        if self.existing_server or self.existing_superset:
            return False
        if self.mode != "auto":
            return self.mode.startswith("docker")
        return self.mode_file.exists() and self.mode_file.read_text().strip() == "docker"

    def as_seen_by_superset(self) -> "Settings":
        """The settings with the database's address as Superset sees it, in a container or not."""
        address = {"postgres_host": "postgres", "postgres_port": 5432}
        return self.model_copy(update=address) if self.in_containers else self

    def password(self, role: str) -> str:
        """The password of a database role; the logins with row filters share one."""
        return getattr(self, PASSWORD_FIELDS.get(role, "row_filter_password"))

    @property
    def superuser(self) -> Address | None:
        """The login of the superuser at an existing server; None at a server of our own."""
        if self.existing_server is None:
            return None
        if self.existing_server.admin is None:
            raise UserError(
                "Only a superuser can create roles and functions, and .env names none",
                "write the URL of a superuser's login into DATABASE_ADMIN_URL",
            )
        return self.existing_server.admin

    @property
    def has_superuser(self) -> bool:
        """Whether there is a superuser's login, in `.env` or at the server of our own."""
        return self.existing_server is None or self.existing_server.admin is not None

    def dsn(self, role: str, database: str = "") -> dict[str, Any]:
        """Keyword arguments for psycopg2.connect."""
        database = database or ("superset" if role == "superset" else self.database)
        if self.existing_server is None:
            return {
                "host": self.postgres_host,
                "port": self.postgres_port,
                "user": role,
                "password": self.password(role),
                "dbname": database,
            }
        if role == "postgres" and (superuser := self.superuser):
            return superuser.dsn(superuser.user, superuser.password, database)
        return self.existing_server.address.dsn(role, self.password(role), database)

    def uri(self, role: str, database: str = "", driver: str = "postgresql+psycopg2") -> str:
        """The connection as a URI; the password is quoted for it."""
        database = quote(database or self.database, safe="")
        login = f"{role}:{quote(self.password(role), safe='')}"
        place, parameters = f"{self.postgres_host}:{self.postgres_port}", {}
        if self.existing_server:
            parameters = dict(self.existing_server.address.parameters)
        if self.postgres_host.startswith("/"):
            place = ""
            parameters |= {"host": self.postgres_host, "port": str(self.postgres_port)}
        elif ":" in self.postgres_host:
            place = f"[{self.postgres_host}]:{self.postgres_port}"
        query = f"?{urlencode(sorted(parameters.items()))}" if parameters else ""
        return f"{driver}://{login}@{place}/{database}{query}"


def load_settings(root: Path | None = None, environment: str | None = None) -> Settings:
    """Read the settings from `.env` in `root` (default: this project).

    `environment`: the name of the overlay; the default is the one that ENV selects.
    """
    root = (root or ROOT).resolve()
    path = root / ".env"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"There is no {path.name} in {root} yet", "make up") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}", "correct or remove the file") from None
    values, lines = parse(text)
    settings = _settings(root, values, lines)
    name = selected_environment(os.environ) if environment is None else environment
    if not name:
        return settings
    overlay = overlay_values(root, name) | parse_file(root / f".env.{name}")
    update = {"environment": name, "extra_values": settings.extra_values | overlay}
    return settings.model_copy(update=update)


def create_settings(root: Path | None = None) -> Settings:
    """Read the settings; if there is no `.env` yet, write one with random secrets.

    Values of environment variables with the name of a key go into the new file. An existing file
    gets the keys that `.env.example` has gained since.
    """
    root = (root or ROOT).resolve()
    path = root / ".env"
    if path.exists():
        _add_new_keys(path)
        return load_settings(root)
    text = "".join(
        _filled(line, os.environ)
        for line in TEMPLATE.read_text(encoding="utf-8").splitlines(keepends=True)
    )
    values, lines = parse(text)
    settings = _settings(root, values, lines, origin="the environment")
    write(path, text)
    # Read again, to add the values of the selected environment.
    return load_settings(root) if selected_environment(os.environ) else settings


def _add_new_keys(path: Path) -> None:
    """Add the optional keys that an older `.env` lacks, such as the password of a new user."""
    text = path.read_text(encoding="utf-8", errors="replace")
    missing = set(_optional_keys()) - parse(text)[0].keys()
    new_lines = [
        _filled(line, os.environ)
        for line in TEMPLATE.read_text(encoding="utf-8").splitlines(keepends=True)
        if line.partition("=")[0] in missing
    ]
    if new_lines:
        write(path, text.rstrip("\n") + "\n\n" + "".join(new_lines))


def template_keys() -> list[str]:
    """The keys that `.env.example` lists."""
    return list(parse(TEMPLATE.read_text(encoding="utf-8"))[0])


def _optional_keys() -> list[str]:
    """The keys that a `.env` may lack: added secrets, and what single modules read by name."""
    fields = Settings.model_fields
    return [key for key in template_keys() if key.lower() not in fields or key in ADDED_SECRETS]


def ignored_variables(settings: Settings) -> list[str]:
    """Keys whose environment variable differs from the value in `.env`, which is in use."""
    return [
        key
        for key in template_keys()
        if os.environ.get(key) and os.environ[key] != settings.value(key)
    ]


def _filled(line: str, environment: Mapping[str, str]) -> str:
    """A line of the template with the environment's value, or with a new secret."""
    key, equals, value = line.rstrip("\n").partition("=")
    if not equals or key.startswith("#"):
        return line
    value = environment.get(key) or value
    if not value and key.endswith(("_PASSWORD", "_KEY")):
        value = secrets.token_urlsafe(36)
    return f"{key}={quoted(key, value)}\n"


def _settings(
    root: Path, values: dict[str, str], lines: dict[str, int], origin: str = ".env"
) -> Settings:
    def location(key: str) -> str:
        return f".env, line {lines[key]}" if origin == ".env" and key in lines else origin

    keys = template_keys()
    for key in values:
        near = difflib.get_close_matches(key, keys, n=1, cutoff=0.8)
        if key not in keys and near and near[0] not in values:
            raise UserError(f"{location(key)}: unknown key {key}", f"write {near[0]}")
    fields = [key for key in keys if key.lower() in Settings.model_fields]
    missing = [key for key in fields if key not in values and key not in ADDED_SECRETS]
    if missing:
        raise UserError(
            f".env: {missing[0]} is missing", f"add a line {missing[0]}=…; see .env.example"
        )
    try:
        settings = Settings.model_validate(
            {
                "root": root,
                "state": root / ".stack",
                "extra_values": {key: value for key, value in values.items() if key not in fields},
                **{key.lower(): values[key] for key in fields if key in values},
                **_existing_parts(values),
            }
        )
    except ValidationError as error:
        key = str(error.errors()[0]["loc"][0]).upper()
        raise UserError(
            f"{location(key)}: {key} {_reason(key, values[key])}", _remedy(key)
        ) from None
    if settings.postgres_port == settings.superset_port:
        raise UserError(
            f"{location('SUPERSET_PORT')}: SUPERSET_PORT and POSTGRES_PORT are both "
            f"{settings.superset_port}",
            "give them two different ports",
        )
    return settings


def _existing_parts(values: dict[str, str]) -> dict[str, Any]:
    """The fields that follow from DATABASE_URL and SUPERSET_URL; none if both are empty."""
    superset = values.get("SUPERSET_URL", "").rstrip("/")
    if superset and not superset.startswith(("http://", "https://")):
        raise UserError("SUPERSET_URL in .env is no address", "write https://host or http://host")
    server = existing_server(values)
    mode = values.get("MODE", "")
    if (server and mode == "cluster") or ((server or superset) and mode.startswith("docker")):
        key = "DATABASE_URL" if server else "SUPERSET_URL"
        raise UserError(
            f"MODE={mode} starts a server of its own, and {key} in .env names an existing one",
            "write MODE=native, or empty that key",
        )
    fields: dict[str, Any] = {"existing_superset": superset}
    if server:
        address = server.address
        fields |= {"existing_server": server, "postgres_host": address.host}
        fields |= {"postgres_port": address.port}
        if address.user == TRANSFORMER and address.password:
            fields["transformer_password"] = address.password
    return fields


def _reason(key: str, value: str) -> str:
    if not value:
        return "is empty"
    return "is not valid" if "PASSWORD" in key or "SECRET" in key else f'cannot be "{value}"'


def _remedy(key: str) -> str:
    if key.endswith("_PORT"):
        return "write a number from 1024 to 65535"
    return (
        "write auto, native, docker, docker-redis or cluster"
        if key == "MODE"
        else "write a value after the ="
    )
