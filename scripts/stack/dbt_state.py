"""The manifest of the last good build, which dbt compares the project with (`--state`)."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from scripts.settings import Settings

# A change of one of these makes a growing table's older rows wrong. A changed description does not.
MODIFIED = tuple(
    f"state:{change}"
    for change in ("new", "modified.body", "modified.configs", "modified.relation",
                   "modified.macros", "modified.contract")
)  # fmt: skip


def folder(settings: Settings) -> Path:
    """Where the manifest is kept, for dbt's `--state`."""
    return settings.state / "dbt" / "state"


def exists(settings: Settings) -> bool:
    """Whether there has been a good build."""
    return (folder(settings) / "manifest.json").is_file()


def is_built_from(settings: Settings, fingerprint: str) -> bool:
    """Whether the last good build was of exactly these files, and no other was begun since."""
    try:
        return (folder(settings) / "fingerprint").read_text() == fingerprint
    except OSError:
        return False


def save(settings: Settings, manifest: Path, fingerprint: str) -> None:
    """Keep the manifest of a whole build that succeeded; the old state stays whole until then."""
    draft = folder(settings).with_name("state.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    shutil.copy(manifest, draft)
    (draft / "fingerprint").write_text(fingerprint)
    forget(settings)
    draft.rename(folder(settings))


def forget(settings: Settings) -> None:
    """Have the next build make every table from nothing, the vault apart."""
    shutil.rmtree(folder(settings), ignore_errors=True)


def forget_nodes(settings: Settings, nodes: Iterable[str]) -> None:
    """Take nodes out of the manifest: they are new to dbt until a whole build succeeds.

    Written before they are built. A build that is killed, or a change that is taken back after a
    build of a part, then still has them made from nothing.
    """
    file = folder(settings) / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    for node in nodes:
        manifest["nodes"].pop(node, None)
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps(manifest), encoding="utf-8")
    draft.rename(file)
    (folder(settings) / "fingerprint").unlink(missing_ok=True)
