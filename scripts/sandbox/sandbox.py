"""The steps of `make sandbox`: create, repair and remove the sandbox of a guest."""

import secrets

from scripts.assets.client.superset import Superset
from scripts.console import say, step
from scripts.data.names import require_name
from scripts.errors import UserError
from scripts.sandbox import database
from scripts.sandbox.interface import Guest
from scripts.settings import Settings

LONGEST_NAME = 30


def create_sandbox(settings: Settings, name: str, quota: str, renew: bool) -> None:
    """Create or repair a sandbox; the password is printed when it is set, and never again.

    `quota`: a size as PostgreSQL writes it. `renew`: set a new password.
    """
    _require_own_server(settings)
    name, login = _names(name)
    superuser = settings.dsn("postgres", "warehouse")
    guest = Guest(Superset(settings), name)
    is_complete = guest.is_complete() and database.exists(superuser, login)
    password = None if is_complete and not renew else secrets.token_urlsafe(15)
    with step("Login and schema in PostgreSQL") as current:
        size = database.create(superuser, login, quota, password)
        current.note(f"{login}, at most {size}")
    if password is None:
        say(f"The sandbox {name} exists. Its password was printed when it was set.")
        say(f"A new password: make sandbox NAME={name} RENEW=1")
        return
    with step("User and database connection in Superset") as current:
        guest.create(settings, login, password)
        current.note(guest.label)
    say()
    say(f"Superset   {settings.local_superset_url}, user {name}")
    say(
        f"psql       host={settings.postgres_host} port={settings.postgres_port}"
        f" dbname=warehouse user={login}"
    )
    say(f"Password   {password}  (for both; it is not stored and not printed again)")
    say(f"Data       the table {database.SAMPLE} in the schema {login}")
    say(f"Remove     make sandbox NAME={name} REMOVE=1")


def remove_sandbox(settings: Settings, name: str) -> None:
    """Remove the sandbox and all that the guest has made in it."""
    _require_own_server(settings)
    name, login = _names(name)
    with step(f"Removing the sandbox {name}") as current:
        removed = Guest(Superset(settings), name).remove()
        if database.remove(settings.dsn("postgres", "warehouse"), login):
            removed.append(f"login and schema {login}")
        current.note(", ".join(removed) or "there was none")


def _require_own_server(settings: Settings) -> None:
    """The quota needs an event trigger, which would fire for the commands of others too."""
    if settings.existing_server:
        raise UserError(
            "make sandbox works on a server that make up has made, not on an existing one",
            "give the guest a second clone of this project with a server of its own",
        )


def _names(text: str) -> tuple[str, str]:
    """The name of the guest, and of the login and schema."""
    name = require_name(text, "sandbox")
    if len(name) > LONGEST_NAME:
        raise UserError(
            f"NAME={text} has more than {LONGEST_NAME} letters", "choose a shorter name"
        )
    return name, f"{database.PREFIX}{name}"
