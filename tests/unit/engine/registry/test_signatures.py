"""A signature is valid for one key, name, number and content only."""

import hashlib
import hmac
from pathlib import Path

import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.registry import signatures
from glasshouse_ml.registry.signatures import create_key, sign, verify, write_key

CONTENT = b"the bytes of a model"


@pytest.fixture
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of a key that is not there yet."""
    file = tmp_path / "glasshouse.key"
    monkeypatch.setattr(signatures, "KEY_FILE", file)
    return file


def test_signature_is_hmac_of_name_number_and_bytes(key_file: Path) -> None:
    write_key(bytes(range(32)))
    message = b"glasshouse\0caf\xc3\xa9\x0012\0" + CONTENT
    expected = hmac.digest(bytes(range(32)), message, hashlib.sha256)
    assert sign("café", 12, CONTENT) == expected
    verify("café", 12, CONTENT, expected)


@pytest.mark.parametrize(
    ("model", "version", "content"),
    [("b", 1, CONTENT), ("a", 2, CONTENT), ("a", 1, CONTENT + b"!"), ("a", 1, b"")],
)
def test_invalid_signature_is_refused(model: str, version: int, content: bytes) -> None:
    with pytest.raises(GlasshouseError, match=f"version {version} of model '{model}' is not valid"):
        verify(model, version, content, sign("a", 1, CONTENT))


@pytest.mark.parametrize("signature", [None, b""])
def test_missing_signature_is_refused(signature: bytes | None) -> None:
    with pytest.raises(GlasshouseError, match="is not signed") as caught:
        verify("a", 1, CONTENT, signature)
    assert "Train it again" in caught.value.hint


def test_other_key_gives_other_signature(key_file: Path) -> None:
    create_key()
    signature = sign("a", 1, CONTENT)
    create_key()
    with pytest.raises(GlasshouseError, match="is not valid"):
        verify("a", 1, CONTENT, signature)


def test_new_key_is_random_and_owner_only(key_file: Path) -> None:
    create_key()
    first = key_file.read_bytes()
    assert len(first) == 32
    assert key_file.stat().st_mode & 0o777 == 0o600
    create_key()
    assert key_file.read_bytes() != first
    assert [path.name for path in key_file.parent.iterdir()] == [key_file.name]


@pytest.mark.parametrize("content", [None, b"", b"short"])
def test_signing_needs_complete_key(key_file: Path, content: bytes | None) -> None:
    if content is not None:
        key_file.write_bytes(content)
    with pytest.raises(GlasshouseError, match="no key to sign models with") as caught:
        sign("a", 1, CONTENT)
    assert "docs/production.md" in caught.value.hint


def test_key_of_wrong_length_is_not_written(key_file: Path) -> None:
    with pytest.raises(ValueError, match="32 bytes, this one has 5"):
        write_key(b"short")
    assert not key_file.exists()
