"""What each completed step was made from, in `.stack/stamps/<name>`: a current step is skipped."""

from datetime import datetime
from pathlib import Path

from scripts.settings import Settings


def read(settings: Settings, name: str) -> str | None:
    """The value of a stamp; None if there is none."""
    try:
        return _path(settings, name).read_text()
    except OSError:
        return None


def write(settings: Settings, name: str, value: str) -> None:
    """Replace the value of a stamp in one step."""
    path = _path(settings, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(value)
    draft.rename(path)


def forget(settings: Settings, name: str) -> None:
    """Remove a stamp, so that the step is done again."""
    _path(settings, name).unlink(missing_ok=True)


def when(settings: Settings, name: str) -> str | None:
    """When a stamp was written, as text."""
    return time_of(_path(settings, name))


def time_of(file: Path) -> str | None:
    """When a file was written, as text; None if there is no such file."""
    try:
        written = file.stat().st_mtime
    except OSError:
        return None
    return datetime.fromtimestamp(written).strftime("%Y-%m-%d %H:%M")


def _path(settings: Settings, name: str) -> Path:
    return settings.state / "stamps" / name
