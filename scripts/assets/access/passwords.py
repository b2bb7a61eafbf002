"""Digests of the users' passwords, to set a password only when it has changed.

Superset never returns a password. The state folder of the installation holds a salted digest, never
the password. Superset's secret key is not used, because a backup is restored under another one.
"""

import hashlib
import hmac
import json
import secrets
from pathlib import Path

from scripts.assets.access.file import PASSWORD
from scripts.assets.model.asset import Asset, Bundle
from scripts.settings import Settings


def _file(settings: Settings) -> Path:
    name = f"users-{settings.environment}" if settings.environment else "users"
    return settings.state / "pushed" / f"{name}.json"


def with_known_password(entries: Bundle, settings: Settings) -> Bundle:
    """The entries without the users whose password this installation does not have."""
    return Bundle.of(
        [entry for entry in entries if entry.kind != "users" or _value(entry, settings)]
    )


def outdated_passwords(entries: Bundle, settings: Settings) -> list[Asset]:
    """The users whose password in `.env` differs from the one that was last set from here."""
    digests = _digests(settings)
    return [
        user
        for user in entries.kind("users")
        if not _matches(digests.get(user.title, ""), _value(user, settings))
    ]


def save_password_digest(user: Asset, settings: Settings) -> None:
    """Save the digest of a user's current password in `.env`."""
    file = _file(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(_digests(settings) | {user.title: _digest(_value(user, settings))}))
    draft.replace(file)


def _digests(settings: Settings) -> dict[str, str]:
    try:
        content = json.loads(_file(settings).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _digest(password: str, salt: str = "") -> str:
    salt = salt or secrets.token_hex(16)
    digest = hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), n=2**14, r=8, p=1)
    return f"{salt} {digest.hex()}"


def _matches(digests: str, password: str) -> bool:
    try:
        return hmac.compare_digest(digests, _digest(password, digests.partition(" ")[0]))
    except ValueError:  # not a digest written by this module
        return False


def _value(user: Asset, settings: Settings) -> str:
    name = PASSWORD.fullmatch(user.data["password"])
    return (settings.value(name[1]) if name else None) or ""
