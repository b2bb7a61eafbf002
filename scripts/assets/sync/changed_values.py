"""Values of placeholders that changed in the settings since the last push.

The server still holds the earlier values. That is neither a change made in Superset nor one made in
git: a push sends the new values, and a pull has nothing to write.
"""

from pathlib import PurePosixPath
from typing import Any

from scripts.assets.files.yaml_text import load_yaml
from scripts.assets.model.asset import Bundle
from scripts.assets.model.database_uri import masked
from scripts.assets.model.diff import Change
from scripts.assets.model.fields import KINDS
from scripts.assets.model.placeholder_values import values_in_use
from scripts.assets.model.placeholders import fill
from scripts.settings import Settings


def changed_values(
    exported: dict[str, str], git: Bundle, settings: Settings, then: Settings
) -> dict[str, tuple[Change, ...]]:
    """The fields (by uuid) whose value on the server is that of `then` and not of `settings`.

    `exported`: Superset's files, path → YAML text.
    """
    if values_in_use(settings) == values_in_use(then):
        return {}
    result = {}
    for path, text in exported.items():
        kind = PurePosixPath(path).parts[0]
        data = load_yaml(text) if kind in KINDS else {}
        local = git.get(str(data.get("uuid")).lower())
        if local is None:
            continue
        old, new = (_filled(kind, local.data, each) for each in (then, settings))
        changes = tuple(
            Change(name, old[name], new[name])
            for name in new
            if old[name] != new[name] and old[name] == data.get(name)
        )
        if changes:
            result[local.uuid] = changes
    return result


def _filled(kind: str, data: dict[str, Any], settings: Settings) -> dict[str, Any]:
    full = fill(kind, data, settings)
    if kind == "databases":
        full["sqlalchemy_uri"] = masked(full["sqlalchemy_uri"])
    return full
