"""Addresses of databases: placeholders in git, this installation's values on the server."""

import re
from urllib.parse import quote, unquote, urlsplit

from scripts.errors import UserError
from scripts.settings import Settings

# What Superset shows in the place of a password.
MASK = "X" * 10
_PLACEHOLDER = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")
_PASSWORDS = {
    "dashboard": "DASHBOARD_PASSWORD",
    "transformer": "TRANSFORMER_PASSWORD",
    "superset": "SUPERSET_DB_PASSWORD",
    "postgres": "POSTGRES_PASSWORD",
}
KNOWN = ("POSTGRES_HOST", "POSTGRES_PORT", *_PASSWORDS.values())


def unknown_placeholders(text: str) -> list[str]:
    """Names in ${…} that no setting answers to."""
    return [name for name in _PLACEHOLDER.findall(text) if name not in KNOWN]


def filled(uri: str, settings: Settings) -> str:
    """The address with this installation's values; passwords are quoted for a URL."""

    settings = settings.as_superset_sees()

    def value(match: re.Match[str]) -> str:
        if match[1] not in KNOWN:
            raise UserError(
                f"sqlalchemy_uri: there is no value for ${{{match[1]}}}",
                f"use one of {', '.join(KNOWN)}",
            )
        return quote(str(getattr(settings, match[1].lower())), safe="")

    return _PLACEHOLDER.sub(value, uri)


def restored(uri: str, settings: Settings) -> str:
    """The address with placeholders where it says what this installation's settings say."""
    if _PLACEHOLDER.search(uri):
        return uri
    settings = settings.as_superset_sees()
    try:
        parts = urlsplit(uri)
        host, port, user = parts.hostname, parts.port, unquote(parts.username or "")
    except ValueError:
        return uri
    if not host:
        return uri
    place = "${POSTGRES_HOST}" if host == settings.postgres_host else host
    if port:
        place += ":" + ("${POSTGRES_PORT}" if port == settings.postgres_port else str(port))
    if parts.username:
        # WHY: a password never goes to git; a user the settings do not know keeps Superset's mask.
        secret = f"${{{_PASSWORDS[user]}}}" if user in _PASSWORDS else MASK
        place = f"{parts.username}{':' + secret if parts.password else ''}@{place}"
    return parts._replace(netloc=place).geturl()
