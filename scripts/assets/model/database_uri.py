"""The address of a database: placeholders in git, values and a password on the server.

Superset never returns a password. It shows a mask, and an import with the mask keeps the password
that it has stored.
"""

import re
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from scripts.assets.model.placeholder_values import (
    PASSWORDS,
    PLACEHOLDER,
    placeholder_value,
    unknown_placeholders,
)
from scripts.errors import UserError
from scripts.settings import Settings

# What Superset shows instead of a password.
MASK = "X" * 10
ADDRESS = re.compile(r"[a-zA-Z][\w+.-]*://")
_POSTGRES_PORT = 5432
# Parameters of an address that take precedence over the server, or the login, that it names.
_OVERRIDES = {"host", "hostaddr", "port", "user", "password", "service", "passfile"}
_OWN_SERVER = re.compile(r"[^/?#]*@\$\{POSTGRES_HOST\}(:\$\{POSTGRES_PORT\})?(?=[/?#]|$)")


def fill_uri(uri: str, settings: Settings) -> str:
    """An address with this installation's values, each quoted for a URL.

    A password without a value becomes Superset's mask.
    """
    if _is_existing_server(uri, settings):
        # With the parameters of DATABASE_URL, which no placeholder holds.
        scheme, _, rest = uri.partition("://")
        return settings.uri(rest.partition(":")[0], driver=scheme)
    settings = settings.as_seen_by_superset()

    def value(match: re.Match[str]) -> str:
        if match[1] in missing_passwords(uri, settings):
            return MASK
        return quote(placeholder_value(match[1], settings), safe="")

    return PLACEHOLDER.sub(value, uri)


def missing_passwords(uri: str, settings: Settings) -> list[str]:
    """The names of the passwords in an address that this installation does not have."""
    names = [name for name in PLACEHOLDER.findall(uri) if name.endswith("_PASSWORD")]
    return [name for name in names if not settings.value(name)]


def password_name(database: str, uuid: str) -> str:
    """The key in `.env` for the password of a database with an address of its own."""
    stem = re.sub(r"[^A-Z0-9]+", "_", database.upper()).strip("_") or uuid[:8].upper()
    name = f"{stem}_PASSWORD"
    # A key must not begin with a digit, and must not be one of this installation's own.
    own = (*PASSWORDS.values(), "SUPERSET_ADMIN_PASSWORD")
    return f"DATABASE_{name}" if name in own or name[0].isdigit() else name


def sends_own_password_elsewhere(uri: str) -> bool:
    """Whether an address in git would send a password of this installation to another server."""
    if not {*PLACEHOLDER.findall(uri)} & {*PASSWORDS.values()}:
        return False
    scheme, _, rest = uri.partition("://")
    is_own = _is_postgres(scheme) and _OWN_SERVER.match(rest) and not _overrides(uri)
    return not is_own


def _is_existing_server(uri: str, settings: Settings) -> bool:
    """Whether an address in git is that of the database of DATABASE_URL."""
    scheme, _, rest = uri.partition("://")
    is_own = _is_postgres(scheme) and _OWN_SERVER.match(rest) and uri.endswith("/${DATABASE}")
    is_elsewhere = settings.value("POSTGRES_HOST") != settings.postgres_host
    role = rest.partition(":")[0]
    return bool(settings.existing_server and is_own and role in PASSWORDS and not is_elsewhere)


def _is_postgres(scheme: str) -> bool:
    return scheme.partition("+")[0] in ("postgresql", "postgres")


def _overrides(uri: str) -> bool:
    return not _OVERRIDES.isdisjoint(parse_qs(uri.partition("?")[2], keep_blank_values=True))


def restore_uri(uri: str, settings: Settings, local: str = "", password: str = "") -> str:
    """The address with placeholders for the values that equal this installation's settings.

    `local`: the address in git. `password`: the key in `.env` for a password that is not one of
    this installation's; without it Superset's mask stays.
    """
    if PLACEHOLDER.search(uri):
        return uri
    if (
        local
        and not unknown_placeholders(local)
        and masked(fill_uri(local, settings)) == masked(uri)
    ):
        return local
    try:
        parts = urlsplit(uri)
        host, port, user = parts.hostname, parts.port, unquote(parts.username or "")
    except ValueError:
        return uri
    if not host:
        return uri
    own_role = _own_role(parts, settings.as_seen_by_superset())
    location, path = parts.netloc.rpartition("@")[2], parts.path
    secret = f"${{{password}}}" if password else MASK
    if own_role:
        location = "${POSTGRES_HOST}" + (":${POSTGRES_PORT}" if port else "")
        path = "/${DATABASE}" if own_role != "superset" else path
        secret = f"${{{PASSWORDS[user]}}}"
    if parts.username is not None:
        # WHY: a password is never written to git.
        login = parts.username + (f":{secret}" if parts.password else "")
        location = f"{login}@{location}"
    return parts._replace(netloc=location, path=path).geturl()


def _own_role(parts: SplitResult, settings: Settings) -> str:
    """The role of this installation that the address logs in as; "" for any other address.

    WHY: host, port, database and user must all match. With the user's name alone, this
    installation's password would be sent to somebody else's server.
    """
    role = unquote(parts.username or "")
    database = "superset" if role == "superset" else placeholder_value("DATABASE", settings)
    own = (
        _is_postgres(parts.scheme)
        and not _overrides(parts.geturl())
        and role in PASSWORDS
        and parts.hostname == (settings.value("POSTGRES_HOST") or "").lower()
        and str(parts.port or _POSTGRES_PORT) == settings.value("POSTGRES_PORT")
        and unquote(parts.path.removeprefix("/")) == database
    )
    return role if own else ""


def require_passwords(name: str, uri: str, settings: Settings) -> None:
    """Raise a UserError where a database that is new to Superset has no password here."""
    missing = missing_passwords(uri, settings)
    if MASK in uri:
        raise UserError(
            f"{name}: the address holds Superset's mask instead of a password",
            "write ${NAME_PASSWORD} there, and its value in .env",
        )
    if missing:
        file = f".env.{settings.environment}" if settings.environment else ".env"
        raise UserError(
            f"{name}: this Superset does not have it yet, and there is no {missing[0]}",
            f"put {missing[0]}=… into {file}",
        )


def masked(uri: str) -> str:
    """The address without its password, which Superset never returns."""
    return re.sub(r"(://[^:@/]*:)[^@]*(@)", rf"\g<1>{MASK}\g<2>", uri)
