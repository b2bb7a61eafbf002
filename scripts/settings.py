"""The settings of one installation: read from `.env`, made on the first `make up`.

`.env.example` is the one place that names the keys, explains them and holds their defaults.
"""

import difflib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scripts.environments import chosen_environment, overlay_values
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
    """Everything a command needs to know about the installation it works on."""

    model_config = ConfigDict(frozen=True)

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
    # The environment chosen with ENV=…; "" is this installation as it is.
    environment: str = ""
    # What else `.env` says, and all that the environment's files say. Kept apart from the fields:
    # those are about this machine, and `make up` must not follow an address in production.
    more: dict[str, str] = Field(default_factory=dict, repr=False)

    @property
    def own_superset_url(self) -> str:
        """Where the Superset of this installation answers."""
        return f"http://127.0.0.1:{self.superset_port}"

    @property
    def superset_url(self) -> str:
        """Where the Superset answers that the dashboards are for."""
        return self.more.get("SUPERSET_URL", "").rstrip("/") or self.own_superset_url

    def value(self, key: str) -> str | None:
        """What `.env` or the chosen environment says for a key; None where neither does."""
        if key in self.more or key.lower() not in Settings.model_fields:
            return self.more.get(key)
        return str(getattr(self, key.lower()))

    @property
    def choice(self) -> Path:
        """Where the first `make up` notes which way it chose, if MODE left it the choice."""
        return self.state / "mode"

    @property
    def in_containers(self) -> bool:
        """Whether the parts run as containers."""
        if self.mode != "auto":
            return self.mode.startswith("docker")
        return self.choice.exists() and self.choice.read_text().strip() == "docker"

    def as_superset_sees(self) -> "Settings":
        """The same from where Superset runs: containers know one another by name."""
        inside = {"postgres_host": "postgres", "postgres_port": 5432}
        return self.model_copy(update=inside) if self.in_containers else self

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
        """The same as one address; the password is quoted for a URL."""
        password = quote(self.password(role), safe="")
        return f"{driver}://{role}:{password}@{self.postgres_host}:{self.postgres_port}/{database}"


def load_settings(root: Path | None = None) -> Settings:
    """The settings in `.env` below `root` (by default this project)."""
    root = (root or ROOT).resolve()
    path = root / ".env"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"There is no {path.name} in {root} yet", "make up") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}", "mend or remove the file") from None
    values, lines = _parse(text)
    settings = _settings(root, values, lines)
    name = chosen_environment(os.environ)
    if not name:
        return settings
    more = settings.more | overlay_values(root, name) | _parse_file(root / f".env.{name}")
    return settings.model_copy(update={"environment": name, "more": more})


def create_settings(root: Path | None = None) -> Settings:
    """The settings; where there is no `.env` yet, make one with random secrets.

    What stands in the environment under the name of a key is written into the new file. To one
    that is older than a key of `.env.example` the key is added.
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
    # Once more, for what the chosen environment adds.
    return load_settings(root) if chosen_environment(os.environ) else settings


def _write(path: Path, text: str) -> None:
    # Written under another name first: whoever is killed here leaves no half-made .env.
    draft = path.with_name(".env.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    draft.rename(path)


def _add_new_keys(path: Path) -> None:
    """Give an older `.env` the keys that it may lack, such as the password of a new user."""
    text = path.read_text(encoding="utf-8", errors="replace")
    missing = set(_optional_keys()) - _parse(text)[0].keys()
    added = [
        _filled(line, os.environ)
        for line in TEMPLATE.read_text(encoding="utf-8").splitlines(keepends=True)
        if line.partition("=")[0] in missing
    ]
    if added:
        _write(path, text.rstrip("\n") + "\n\n" + "".join(added))


def known_keys() -> list[str]:
    """The keys of `.env`, as `.env.example` lists them."""
    return list(_parse(TEMPLATE.read_text(encoding="utf-8"))[0])


def _optional_keys() -> list[str]:
    """The keys that a part of the project reads by name; the others are fields of Settings."""
    return [key for key in known_keys() if key.lower() not in Settings.model_fields]


def ignored_environment(settings: Settings) -> list[str]:
    """Keys whose value in the environment differs from the one in use (from `.env`)."""
    return [
        key
        for key in known_keys()
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
    """The values of a file that need not be there."""
    try:
        return _parse(path.read_text(encoding="utf-8"))[0] if path.exists() else {}
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}", "mend or remove the file") from None


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
            raise UserError(f"{where}: this is not KEY=value", "mend the line; see .env.example")
        if key in values:
            raise UserError(
                f"{where}: {key} stands there twice (first in line {lines[key]})",
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
    def place(key: str) -> str:
        return f".env, line {lines[key]}" if origin == ".env" and key in lines else origin

    known = known_keys()
    for key in values:
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.8)
        if key not in known and near and near[0] not in values:
            raise UserError(f"{place(key)}: unknown key {key}", f"write {near[0]}")
    fields = [key for key in known if key.lower() in Settings.model_fields]
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
                "more": {key: value for key, value in values.items() if key not in fields},
                **{key.lower(): values[key] for key in fields},
            }
        )
    except ValidationError as error:
        key = str(error.errors()[0]["loc"][0]).upper()
        raise UserError(f"{place(key)}: {key} {_reason(key, values[key])}", _advice(key)) from None
    if settings.postgres_port == settings.superset_port:
        raise UserError(
            f"{place('SUPERSET_PORT')}: SUPERSET_PORT and POSTGRES_PORT are both "
            f"{settings.superset_port}",
            "give them two different ports",
        )
    return settings


def _reason(key: str, value: str) -> str:
    if not value:
        return "is empty"
    return "is not valid" if "PASSWORD" in key or "SECRET" in key else f'cannot be "{value}"'


def _advice(key: str) -> str:
    if key.endswith("_PORT"):
        return "write a number from 1024 to 65535"
    return (
        "write auto, native, docker or docker-redis"
        if key == "MODE"
        else "write a value after the ="
    )
