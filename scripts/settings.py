"""The settings of one installation, read from `.env`; the first `make up` writes that file.

`.env.example` names the keys, explains them and holds their defaults.
"""

import difflib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

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
    "superset": "superset_db_password",
}


class Settings(BaseModel):
    """The settings of the installation that a command works on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    root: Path
    state: Path
    mode: Literal["auto", "native", "docker", "docker-redis"] = "auto"
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
    # The environment that ENV=… names; "" is this installation.
    environment: str = ""
    # Further keys of `.env`, and all keys of the environment's files. They are not merged into the
    # fields: the fields describe this machine, which `make up` changes, and the files of an
    # environment may name a server in production.
    extra_values: dict[str, str] = Field(default_factory=dict, repr=False)

    @property
    def local_superset_url(self) -> str:
        """The address of this installation's Superset."""
        return f"http://127.0.0.1:{self.superset_port}"

    @property
    def superset_url(self) -> str:
        """The address of the Superset that the dashboards are pushed to."""
        return self.extra_values.get("SUPERSET_URL", "").rstrip("/") or self.local_superset_url

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
        if self.mode != "auto":
            return self.mode.startswith("docker")
        return self.mode_file.exists() and self.mode_file.read_text().strip() == "docker"

    def as_seen_by_superset(self) -> "Settings":
        """The settings with the database's address as Superset sees it, in a container or not."""
        address = {"postgres_host": "postgres", "postgres_port": 5432}
        return self.model_copy(update=address) if self.in_containers else self

    def password(self, role: str) -> str:
        """The password of a database role."""
        return getattr(self, PASSWORD_FIELDS[role])

    def dsn(self, role: str, database: str = "") -> dict[str, Any]:
        """Keyword arguments for psycopg2.connect."""
        return {
            "host": self.postgres_host,
            "port": self.postgres_port,
            "user": role,
            "password": self.password(role),
            "dbname": database or ("superset" if role == "superset" else "warehouse"),
        }

    def uri(
        self, role: str, database: str = "warehouse", driver: str = "postgresql+psycopg2"
    ) -> str:
        """The connection as a URI; the password is quoted for it."""
        password = quote(self.password(role), safe="")
        return f"{driver}://{role}:{password}@{self.postgres_host}:{self.postgres_port}/{database}"


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
    values, lines = _parse(text)
    settings = _settings(root, values, lines)
    name = selected_environment(os.environ) if environment is None else environment
    if not name:
        return settings
    overlay = overlay_values(root, name) | _parse_file(root / f".env.{name}")
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
    values, lines = _parse(text)
    settings = _settings(root, values, lines, origin="the environment")
    _write(path, text)
    # Read again, to add the values of the selected environment.
    return load_settings(root) if selected_environment(os.environ) else settings


def _write(path: Path, text: str) -> None:
    # Written under another name first, so that a killed process leaves no incomplete .env.
    draft = path.with_name(".env.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    draft.rename(path)


def _add_new_keys(path: Path) -> None:
    """Add the optional keys that an older `.env` lacks, such as the password of a new user."""
    text = path.read_text(encoding="utf-8", errors="replace")
    missing = set(_optional_keys()) - _parse(text)[0].keys()
    new_lines = [
        _filled(line, os.environ)
        for line in TEMPLATE.read_text(encoding="utf-8").splitlines(keepends=True)
        if line.partition("=")[0] in missing
    ]
    if new_lines:
        _write(path, text.rstrip("\n") + "\n\n" + "".join(new_lines))


def template_keys() -> list[str]:
    """The keys that `.env.example` lists."""
    return list(_parse(TEMPLATE.read_text(encoding="utf-8"))[0])


def _optional_keys() -> list[str]:
    """The keys that are no fields of Settings; single modules read them by name."""
    return [key for key in template_keys() if key.lower() not in Settings.model_fields]


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
    value = environment.get(key) or value or secrets.token_urlsafe(36)
    return f"{key}={_quoted(key, value)}\n"


def _quoted(key: str, value: str) -> str:
    if not any(character.isspace() or character in "'\"#" for character in value):
        return value
    for mark in "'\"":
        if mark not in value and "\n" not in value:
            return f"{mark}{value}{mark}"
    raise UserError(
        f"{key} in the environment holds a line break or both kinds of quotes",
        "choose a simpler value",
    )


def _parse_file(path: Path) -> dict[str, str]:
    """The values in a file; none if the file does not exist."""
    try:
        return _parse(path.read_text(encoding="utf-8"))[0] if path.exists() else {}
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}", "correct or remove the file") from None


def _parse(text: str) -> tuple[dict[str, str], dict[str, int]]:
    """Values and line numbers by key."""
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        key, equals, value = line.removeprefix("export ").partition("=")
        key, value = key.strip(), value.strip()
        where = f".env, line {number}"
        if not equals or not key.isidentifier():
            raise UserError(f"{where}: this is not KEY=value", "correct the line; see .env.example")
        if key in values:
            raise UserError(
                f"{where}: {key} is there twice (first in line {lines[key]})",
                "remove one of the two lines",
            )
        values[key], lines[key] = _unquoted(value, f"{where}: {key}"), number
    return values, lines


def _unquoted(value: str, where: str) -> str:
    if value[:1] in ("'", '"'):
        end = value.find(value[0], 1)
        if end < 0:
            raise UserError(f"{where} has no closing quote", "add it at the end of the line")
        return value[1:end]
    return value.split(" #")[0].rstrip()


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
    missing = [key for key in fields if key not in values]
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
                **{key.lower(): values[key] for key in fields},
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


def _reason(key: str, value: str) -> str:
    if not value:
        return "is empty"
    return "is not valid" if "PASSWORD" in key or "SECRET" in key else f'cannot be "{value}"'


def _remedy(key: str) -> str:
    if key.endswith("_PORT"):
        return "write a number from 1024 to 65535"
    return (
        "write auto, native, docker or docker-redis"
        if key == "MODE"
        else "write a value after the ="
    )
