"""Which password a user was last given: Superset cannot be asked, and must not be told each time.

What is kept is a salted digest beside the installation's other state, never the password. The key
of Superset has no part in it: a backup is restored under another one.
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
    """All of it but the users whose password this installation does not know: it makes none."""
    return Bundle.of(
        [entry for entry in entries if entry.kind != "users" or _value(entry, settings)]
    )


def outdated_passwords(entries: Bundle, settings: Settings) -> list[Asset]:
    """The users whose password in `.env` is not the one they were last given from here."""
    digests = _digests(settings)
    return [
        user
        for user in entries.kind("users")
        if not _matches(digests.get(user.title, ""), _value(user, settings))
    ]


def save_password_digest(user: Asset, settings: Settings) -> None:
    """Note that a user has the password of `.env` now."""
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
    except ValueError:  # no digest of ours stands there
        return False


def _value(user: Asset, settings: Settings) -> str:
    name = PASSWORD.fullmatch(user.data["password"])
    return (settings.value(name[1]) if name else None) or ""
