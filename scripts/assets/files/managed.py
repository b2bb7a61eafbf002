"""`owned.lock`: the assets that this repository manages or has managed.

Prune needs the list to know which assets on the server come from files that were deleted. Entries
are never removed, because another instance may still have an asset that was pruned from this one.
"""

from collections.abc import Iterable
from pathlib import Path

from scripts.assets.files.yaml_text import write_text
from scripts.assets.model.asset import SINGULAR, Asset
from scripts.assets.model.fields import NAMED_KINDS
from scripts.errors import UserError

LOCK = "owned.lock"
_HEADER = """\
# Every asset that this repository manages or has managed. make prune removes from Superset what is
# on this list and no longer in a file, and nothing else. push, pull and format add to the list.
"""


def read_lock(folder: Path) -> set[tuple[str, str]]:
    """(kind, identity) of every asset that the repository manages or has managed."""
    try:
        lines = (folder / LOCK).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return set()
    except UnicodeDecodeError as error:
        raise UserError(f"{LOCK} is not text ({error})", f"git checkout {LOCK}") from None
    entries = set()
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        kind, _, identity = line.strip().partition(" ")
        if kind not in SINGULAR or not identity:
            raise UserError(
                f"{LOCK}, line {number}: not a kind and a uuid",
                f"keep the lines of both sides after a merge; or git checkout {LOCK}",
            )
        entries.add((kind, f"{kind}/{identity}" if kind in NAMED_KINDS else identity))
    return entries


def read_previously_managed(folder: Path) -> set[str]:
    """The identities of every asset that the repository manages or has managed."""
    return {identity for _, identity in read_lock(folder)}


def record_managed(folder: Path, assets: Iterable[Asset]) -> bool:
    """Add these assets to the list; False where it contains all of them."""
    recorded = read_lock(folder)
    # Dashboard access is removed with its dashboard, so it is not listed.
    entries = recorded | {(asset.kind, asset.uuid) for asset in assets if asset.kind != "access"}
    if entries == recorded:
        return False
    lines = "".join(f"{kind} {_short(kind, identity)}\n" for kind, identity in sorted(entries))
    write_text(folder / LOCK, _HEADER + lines)
    return True


def _short(kind: str, identity: str) -> str:
    """A uuid as it is; the name where Superset has no uuid."""
    return identity.removeprefix(f"{kind}/") if kind in NAMED_KINDS else identity
