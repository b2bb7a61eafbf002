"""DATABASE_URL and DATABASE_ADMIN_URL: the address of a PostgreSQL server that runs already.

The library of PostgreSQL reads the URLs. No message shows a part of a URL: a password whose special
characters are not percent-encoded can end up in any part of it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg2
from psycopg2.extensions import parse_dsn

from scripts.errors import UserError

URL, ADMIN_URL = "DATABASE_URL", "DATABASE_ADMIN_URL"
TRANSFORMER = "transformer"
SCHEME = re.compile(r"postgres(ql)?(\+\w+)?://", re.I)
FORM = (
    "write postgresql://user:password@host:5432/database, and a special character of the password"
    " as its % code, such as %40 for @"
)
# A host that does not answer must not stop a command for minutes.
CONNECT_SECONDS = "10"


@dataclass(frozen=True)
class Address:
    """One login at a server. `host` may be the folder of a Unix socket."""

    host: str
    port: int
    database: str
    user: str = ""
    password: str = field(default="", repr=False)
    # Everything else that the URL says, such as sslmode; under the names of libpq.
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def place(self) -> str:
        """Host and port as text."""
        return f"{self.host}:{self.port}"

    def dsn(self, user: str, password: str, database: str) -> dict[str, Any]:
        """Arguments for psycopg2.connect."""
        login = {"user": user, "password": password, "dbname": database}
        place = {"host": self.host, "port": self.port}
        return {"connect_timeout": CONNECT_SECONDS, **self.parameters, **place, **login}


@dataclass(frozen=True)
class ExistingServer:
    """The server and the database of DATABASE_URL."""

    address: Address
    # The superuser that creates roles and functions; None if `.env` names none.
    admin: Address | None


def existing_server(values: Mapping[str, str]) -> ExistingServer | None:
    """The server that the values of `.env` name; None if they name none."""
    if not values.get(URL):
        if values.get(ADMIN_URL):
            raise UserError(f"{ADMIN_URL} in .env needs {URL}", f"write {URL}, or empty both")
        return None
    address = parse_url(URL, values[URL])
    if values.get(ADMIN_URL):
        admin = parse_url(ADMIN_URL, values[ADMIN_URL], address.database)
        if admin.database != address.database:
            raise UserError(
                f"{ADMIN_URL} and {URL} in .env name two databases", "name the same in both"
            )
        return ExistingServer(address, admin)
    if address.user in ("", TRANSFORMER):
        return ExistingServer(address, None)
    # One login is enough where it is a superuser's.
    return ExistingServer(replace(address, user="", password=""), address)


def parse_url(key: str, url: str, database: str = "") -> Address:
    """The parts of a URL; a UserError names `key` and no part.

    `database`: the name to take where the URL has none.
    """
    no_url = UserError(f"{key} in .env is no URL of PostgreSQL, or has an unknown parameter", FORM)
    scheme = SCHEME.match(url)
    if not scheme:
        raise no_url
    try:
        parts = parse_dsn(f"postgresql://{url[scheme.end() :]}")
    except psycopg2.Error:
        raise no_url from None
    host, port = parts.pop("host", ""), parts.pop("port", "5432")
    name = parts.pop("dbname", database)
    user, password = parts.pop("user", ""), parts.pop("password", "")
    if "," in host or "service" in parts:
        raise UserError(f"{key} in .env must name one server", "name one host, and no service")
    # A / in a password makes its beginning the port, and its end a part of the database's name.
    if not _is_port(port) or "@" in host + name:
        raise no_url
    if not host:
        remedy = "write the host after the @, or ?host=/var/run/postgresql for a Unix socket"
        raise UserError(f"{key} in .env names no host", remedy)
    if not name:
        raise UserError(f"{key} in .env names no database", "write its name after the last /")
    return Address(host, int(port), name, user, password, parts)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) < 65536
