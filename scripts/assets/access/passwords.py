"""Which password a user was last given: Superset cannot be asked, and must not be told each time.

What is kept is a keyed digest beside the installation's other state, never the password.
"""

import hashlib
import hmac
import json
from pathlib import Path

from scripts.assets.access.file import PASSWORD
from scripts.assets.model import Asset, Bundle
from scripts.settings import Settings


def _file(settings: Settings) -> Path:
    name = f"users-{settings.environment}" if settings.environment else "users"
    return settings.state / "pushed" / f"{name}.json"


def with_password(entries: Bundle, settings: Settings) -> Bundle:
    """All of it but the users whose password this installation does not know: it makes none."""
    return Bundle.of(
        [entry for entry in entries if entry.kind != "users" or _value(entry, settings)]
    )


def stale(entries: Bundle, settings: Settings) -> list[Asset]:
    """The users whose password in `.env` is not the one they were last given from here."""
    known = _known(settings)
    return [
        user for user in entries.kind("users") if known.get(user.title) != _digest(user, settings)
    ]


def remember_password(user: Asset, settings: Settings) -> None:
    """Note that a user has the password of `.env` now."""
    file = _file(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(_known(settings) | {user.title: _digest(user, settings)}))
    draft.replace(file)


def _known(settings: Settings) -> dict[str, str]:
    try:
        found = json.loads(_file(settings).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _digest(user: Asset, settings: Settings) -> str:
    key = settings.superset_secret_key.encode()
    return hmac.new(key, _value(user, settings).encode(), hashlib.sha256).hexdigest()


def _value(user: Asset, settings: Settings) -> str:
    name = PASSWORD.fullmatch(user.data["password"])
    return (settings.value(name[1]) if name else None) or ""
