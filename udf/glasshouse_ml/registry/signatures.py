"""Signatures of trained models: HMAC-SHA256 (RFC 2104) over model, version and artifact.

The key is a file in the data directory that only the server's operating system user can read. A
signature is made inside ml.train alone, on bytes that it has just made, so bytes that anybody else
puts into the registry have none. It is verified before a byte of the artifact is interpreted.
"""

import hmac
import os
import secrets
from pathlib import Path

from glasshouse_ml.core.errors import GlasshouseError

# The working directory of a session's process is the data directory.
KEY_FILE = Path("glasshouse.key")
KEY_BYTES = 32
ALGORITHM = "sha256"


def create_key() -> None:
    """Write a new random key."""
    write_key(secrets.token_bytes(KEY_BYTES))


def write_key(key: bytes) -> None:
    """Put a key in the place of the present one; ValueError where it has another length."""
    if len(key) != KEY_BYTES:
        raise ValueError(f"A key has {KEY_BYTES} bytes, this one has {len(key)}")
    draft = KEY_FILE.with_suffix(".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600, exist_ok=False)
    with draft.open("r+b") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(KEY_FILE)


def sign(model: str, version: int, content: bytes) -> bytes:
    """The signature of an artifact under this name and number, of 32 bytes."""
    # PostgreSQL's text holds no zero byte, so two names and numbers never give one message.
    message = hmac.new(_key(), f"glasshouse\0{model}\0{version}\0".encode(), ALGORITHM)
    message.update(content)
    return message.digest()


def verify(model: str, version: int, content: bytes, signature: bytes | None) -> None:
    """Return if this server signed the artifact as this version; a GlasshouseError otherwise."""
    if not signature:
        raise GlasshouseError(
            f"Version {version} of model {model!r} is not signed, so it is not loaded.",
            "Train it again: ml.train signs what it has trained.",
        )
    if not hmac.compare_digest(sign(model, version, content), signature):
        raise GlasshouseError(
            f"The signature of version {version} of model {model!r} is not valid: its bytes were "
            "changed, or this server did not train it under this name and number.",
            "Train it again. If the database was copied from another server, copy glasshouse.key "
            "from there (docs/production.md).",
        )


def _key() -> bytes:
    # A key is read each time, so a key that was restored is in force at once.
    try:
        key = KEY_FILE.read_bytes()
    except FileNotFoundError:
        key = b""
    if len(key) != KEY_BYTES:
        raise GlasshouseError(
            f"The server has no key to sign models with: {KEY_FILE} is missing in its data "
            "directory, or damaged.",
            "Restore the key of a backup (docs/production.md), or remove what is left of the file "
            "and run make build, which makes a new one.",
        )
    return key
