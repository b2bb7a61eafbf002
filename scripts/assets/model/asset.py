"""The assets in memory: one `Asset` a file, a `Bundle` of them by uuid."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from scripts.assets.model.fields import NAME_FIELD

# The kinds with one file per asset, then the kinds of entries in bundle.yml.
SINGULAR = {
    "databases": "database",
    "datasets": "dataset",
    "queries": "saved query",
    "annotation_layers": "annotation layer",
    "charts": "chart",
    "dashboards": "dashboard",
    "roles": "role",
    "filters": "row filter",
    "access": "access to dashboard",
    "users": "user",
    "alerts": "alert",
}


@dataclass(frozen=True)
class Asset:
    """One asset that has a file, in canonical form; or an entry of bundle.yml."""

    kind: str
    data: dict[str, Any]
    # Its file, relative to the folder of the assets; "" while it has no file yet.
    path: str = ""

    @property
    def uuid(self) -> str:
        """The identity: a uuid, or kind and name where Superset has no uuid."""
        return self.data.get("uuid") or f"{self.kind}/{self.title}"

    @property
    def title(self) -> str:
        """The name that people see."""
        return str(self.data[NAME_FIELD[self.kind]])

    def __str__(self) -> str:
        return f'{SINGULAR[self.kind]} "{self.title}"'


@dataclass(frozen=True)
class Bundle:
    """Assets by uuid."""

    assets: dict[str, Asset] = field(default_factory=dict)

    @classmethod
    def of(cls, assets: "list[Asset]") -> "Bundle":
        """A bundle of these assets."""
        return cls({asset.uuid: asset for asset in assets})

    def __iter__(self) -> "Iterator[Asset]":
        return iter(self.assets.values())

    def __contains__(self, uuid: str) -> bool:
        return uuid in self.assets

    def get(self, uuid: str) -> Asset | None:
        """The asset with this uuid, if there is one."""
        return self.assets.get(uuid)

    def titles(self) -> dict[str, str]:
        """The title of each asset, by uuid."""
        return {uuid: asset.title for uuid, asset in self.assets.items()}

    def kind(self, kind: str) -> list[Asset]:
        """The assets of one kind."""
        return [asset for asset in self if asset.kind == kind]

    def kinds(self, kinds: "Iterable[str]") -> "Bundle":
        """The part of it that is of these kinds."""
        return Bundle({uuid: asset for uuid, asset in self.assets.items() if asset.kind in kinds})

    def __or__(self, other: "Bundle") -> "Bundle":
        """Both together."""
        return Bundle(self.assets | other.assets)

    def only(self, uuids: "set[str]") -> "Bundle":
        """The part of it that has one of these uuids."""
        return Bundle({uuid: asset for uuid, asset in self.assets.items() if uuid in uuids})
