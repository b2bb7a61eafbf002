"""Artifacts of older versions of the project: class names that have moved, and signatures.

Migration 0002 of the registry calls this once, as the superuser.
"""

# The statements are put together from constants; every value is a parameter.
# ruff: noqa: S608

import io
import json
import zipfile
from hashlib import sha256
from typing import Any

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data.packing import SCHEMA
from glasshouse_ml.registry.artifacts import unpack
from glasshouse_ml.registry.signatures import sign

# Modules of our own classes that artifacts name: the old module, and where its classes are now.
MOVED_MODULES = {
    "glasshouse_ml.boosting": "glasshouse_ml.model.boosting",
    "glasshouse_ml.groups": "glasshouse_ml.model.grouped",
}
# The member of a skops file that describes the objects.
DESCRIPTION = "schema.json"


def sign_artifacts(plpy: Any) -> None:
    """Sign each unsigned artifact that can be loaded, and warn of each other.

    What is in the registry at this moment is trusted as far as skops' list of types goes.
    """
    unsigned = plpy.execute(
        f"select model, version from {SCHEMA}.artifacts where signature is null order by 1, 2"
    )
    content_of = plpy.prepare(
        f"select content from {SCHEMA}.artifacts where model = $1 and version = $2",
        ["text", "integer"],
    )
    update = plpy.prepare(
        f"update {SCHEMA}.artifacts set content = $3, sha256 = $4, signature = $5 "
        "where model = $1 and version = $2",
        ["text", "integer", "bytea", "text", "bytea"],
    )
    for row in unsigned:
        model, version = row["model"], row["version"]
        content = plpy.execute(content_of, [model, version])[0]["content"]
        try:
            content = rename_modules(content)
            unpack(content)
        except GlasshouseError as error:
            plpy.warning(
                f"Version {version} of model {model!r} cannot be used until it is trained again. "
                f"{error.message}"
            )
            continue
        values = [content, sha256(content).hexdigest(), sign(model, version, content)]
        plpy.execute(update, [model, version, *values])


def rename_modules(content: bytes) -> bytes:
    """The artifact with the present modules of our own classes; an error if it is no artifact."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as old:
            description = old.read(DESCRIPTION).decode()
            if not any(f'"{module}"' in description for module in MOVED_MODULES):
                return content
            renamed = json.dumps(json.loads(description, object_hook=_rename))
            members = {
                name: renamed.encode() if name == DESCRIPTION else old.read(name)
                for name in old.namelist()
            }
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, RecursionError) as error:
        raise GlasshouseError(f"The artifact cannot be read: {type(error).__name__}.") from None
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        for name, member in members.items():
            new.writestr(name, member)
    return buffer.getvalue()


def _rename(node: dict[str, Any]) -> dict[str, Any]:
    module = node.get("__module__")
    return node | {"__module__": MOVED_MODULES[module]} if module in MOVED_MODULES else node
