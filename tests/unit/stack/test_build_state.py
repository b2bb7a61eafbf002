"""Passwords are compared without being sent; fingerprints depend on names and contents."""

from pathlib import Path

from scripts.fingerprint import fingerprint
from scripts.postgres_roles import _is_password
from scripts.settings import Settings
from scripts.stack import build_state as stamps

# The example of RFC 7677: user "user", password "pencil".
PENCIL = (
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
    "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
)


def test_password_is_verified() -> None:
    assert _is_password("pencil", PENCIL)
    assert not _is_password("pen", PENCIL)
    assert not _is_password("pencil", None)
    assert not _is_password("pencil", "md5abc")


def test_fingerprint_depends_on_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("select 1")
    first = fingerprint(tmp_path)
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "manifest.json").write_text("{}")
    assert fingerprint(tmp_path) == first
    (tmp_path / "a.sql").write_text("select 2")
    second = fingerprint(tmp_path)
    (tmp_path / "a.sql").rename(tmp_path / "b.sql")
    assert len({first, second, fingerprint(tmp_path)}) == 3


def test_build_state_is_read_back(tmp_path: Path) -> None:
    settings = Settings.model_construct(root=tmp_path, state=tmp_path)
    assert stamps.read(settings, "build") is None
    assert stamps.when(settings, "build") is None
    stamps.write(settings, "build", "abc")
    assert stamps.read(settings, "build") == "abc"
    assert stamps.when(settings, "build")
    stamps.forget(settings, "build")
    assert stamps.read(settings, "build") is None
