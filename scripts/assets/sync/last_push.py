"""The last push: the state that git and the server had in common, in the state folder."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.assets.files.bundle import FOLDER, SUFFIXES
from scripts.assets.model.asset import Asset, Bundle
from scripts.bootstrap.locks import exclusive_lock
from scripts.settings import Settings


def _file(settings: Settings) -> Path:
    # Each environment is an instance with a last push of its own.
    name = f"assets-{settings.environment}" if settings.environment else "assets"
    return settings.state / "pushed" / f"{name}.json"


def last_pushed(settings: Settings) -> Bundle | None:
    """The assets after the last push or pull; None where there was none."""
    try:
        content = json.loads(_file(settings).read_text(encoding="utf-8"))
        return Bundle.of([Asset(item["kind"], item["data"]) for item in content])
    except (OSError, ValueError, KeyError, TypeError):
        # Without it push cannot tell who changed what, and refuses to overwrite.
        return None


def save_last_push(bundle: Bundle, settings: Settings) -> None:
    """Save these assets as the common state of git and the server."""
    file = _file(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".new")
    content = [{"kind": asset.kind, "data": asset.data} for asset in bundle]
    draft.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    draft.replace(file)


def removed_from_git(pushed: Bundle | None, git: Bundle) -> Bundle:
    """What the last push knew and git no longer holds.

    It is remembered until it is pruned, so that a change made in Superset since then is noticed.
    """
    if pushed is None:
        return Bundle()
    return pushed.only({asset.uuid for asset in pushed} - {asset.uuid for asset in git})


def changed_since_last_push(settings: Settings) -> bool:
    """Whether a file was saved since the last push or pull, judged by file times."""
    try:
        last = _file(settings).stat().st_mtime
        files = (settings.root / FOLDER).rglob("*")
        return any(file.stat().st_mtime > last for file in files if file.suffix in SUFFIXES)
    except OSError:
        return True


@contextmanager
def exclusive(settings: Settings) -> Iterator[None]:
    """Hold the lock of commands that change Superset or the files."""
    with exclusive_lock(settings.state / "assets.lock"):
        yield
