"""The last push: the state that git and the server had in common, in the state folder.

It also records the values that the placeholders had then. A server without a change holds these
values, also after the settings have changed.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scripts.assets.files.bundle import FOLDER, SUFFIXES
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.placeholder_values import values_in_use
from scripts.bootstrap.locks import exclusive_lock
from scripts.settings import Settings


def _file(settings: Settings) -> Path:
    # Each environment is an instance with a last push of its own.
    name = f"assets-{settings.environment}" if settings.environment else "assets"
    return settings.state / "pushed" / f"{name}.json"


def last_pushed(settings: Settings) -> Bundle | None:
    """The assets after the last push or pull; None where there was none."""
    try:
        items = _read(settings)["assets"]
        return Bundle.of([Asset(item["kind"], item["data"]) for item in items])
    except (OSError, ValueError, KeyError, TypeError):
        # Without it push cannot tell who changed what, and refuses to overwrite.
        return None


def settings_of_last_push(settings: Settings) -> Settings:
    """The settings with the values that the placeholders had at the last push."""
    try:
        values = _read(settings)["values"]
        values = {name: values[name] for name in values_in_use(settings)}
    except (OSError, ValueError, KeyError, TypeError):
        return settings
    return settings.model_copy(update={"extra_values": settings.extra_values | values})


def save_last_push(bundle: Bundle, settings: Settings, pushed: bool = False) -> None:
    """Save these assets as the common state of git and the server.

    `pushed`: the server now holds the present values of the placeholders too. After a pull it
    still holds those of the last push.
    """
    file = _file(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".new")
    content = {
        "values": values_in_use(settings if pushed else settings_of_last_push(settings)),
        "assets": [{"kind": asset.kind, "data": asset.data} for asset in bundle],
    }
    draft.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    draft.replace(file)


def _read(settings: Settings) -> dict[str, Any]:
    content = json.loads(_file(settings).read_text(encoding="utf-8"))
    # Earlier versions wrote the list of assets alone.
    return {"assets": content} if isinstance(content, list) else content


def removed_from_git(pushed: Bundle | None, git: Bundle, server: Bundle) -> Bundle:
    """Assets of the last push that git no longer holds and Superset still shows.

    They are recorded until they are pruned, so that a change made in Superset is noticed.
    """
    if pushed is None:
        return Bundle()
    remaining = {asset.uuid for asset in pushed} & {asset.uuid for asset in server}
    return pushed.only(remaining - {asset.uuid for asset in git})


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
