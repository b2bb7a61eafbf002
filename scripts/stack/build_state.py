"""Notes of what has been done, so that it is not done again: `.stack/stamps/<name>`."""

from datetime import datetime
from pathlib import Path

from scripts.settings import Settings


def read(settings: Settings, name: str) -> str | None:
    """What was noted, if anything was."""
    try:
        return _path(settings, name).read_text()
    except OSError:
        return None


def write(settings: Settings, name: str, value: str) -> None:
    """Note it; the old note stays whole until the new one is."""
    path = _path(settings, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(value)
    draft.rename(path)


def forget(settings: Settings, name: str) -> None:
    """Have it done again next time."""
    _path(settings, name).unlink(missing_ok=True)


def when(settings: Settings, name: str) -> str | None:
    """When it was noted, in words for people."""
    return time_of(_path(settings, name))


def time_of(file: Path) -> str | None:
    """When a file was written, in words for people."""
    try:
        noted = file.stat().st_mtime
    except OSError:
        return None
    return datetime.fromtimestamp(noted).strftime("%Y-%m-%d %H:%M")


def _path(settings: Settings, name: str) -> Path:
    return settings.state / "stamps" / name
