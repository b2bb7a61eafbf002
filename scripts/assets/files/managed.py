"""What is this repository's own: `owned.lock` names everything it has ever brought to Superset.

A file says what should be there; only this list can tell what was there because of a file that is
gone. Nothing leaves it, for another instance may still show what was pruned from this one.
"""

from collections.abc import Iterable
from pathlib import Path

from scripts.assets.files.yaml_text import write_text
from scripts.assets.model.asset import SINGULAR, Asset
from scripts.assets.model.fields import ACCESS_KINDS
from scripts.errors import UserError

LOCK = "owned.lock"
_HEADER = """\
# Everything this repository has ever brought to Superset. make prune removes from there what is on
# this list and in no file any more, and nothing else. push, pull and format add to it.
"""


def read_lock(folder: Path) -> set[tuple[str, str]]:
    """(kind, identity) of everything the repository owns or has owned."""
    try:
        lines = (folder / LOCK).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return set()
    except UnicodeDecodeError as error:
        raise UserError(f"{LOCK} is no text ({error})", f"git checkout {LOCK}") from None
    entries = set()
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        kind, _, identity = line.strip().partition(" ")
        if kind not in SINGULAR or not identity:
            raise UserError(
                f"{LOCK}, line {number}: this is no kind and uuid",
                f"keep the lines of both sides after a merge; or git checkout {LOCK}",
            )
        entries.add((kind, f"{kind}/{identity}" if kind in ACCESS_KINDS else identity))
    return entries


def previously_managed(folder: Path) -> set[str]:
    """The identities of everything the repository owns or has owned."""
    return {identity for _, identity in read_lock(folder)}


def record_managed(folder: Path, assets: Iterable[Asset]) -> bool:
    """Add these assets to the list; False where all of them are on it."""
    recorded = read_lock(folder)
    # A dashboard goes with its doors: they are nothing that could be pruned by itself.
    entries = recorded | {(asset.kind, asset.uuid) for asset in assets if asset.kind != "access"}
    if entries == recorded:
        return False
    lines = "".join(f"{kind} {_short(kind, identity)}\n" for kind, identity in sorted(entries))
    write_text(folder / LOCK, _HEADER + lines)
    return True


def _short(kind: str, identity: str) -> str:
    """A uuid as it is; a role, row filter or user by its name."""
    return identity.removeprefix(f"{kind}/") if kind in ACCESS_KINDS else identity
