"""Reading a bundle made elsewhere: an export of Superset, as a zip file or a folder."""

import lzma
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import BadZipFile, ZipFile

import yaml

from scripts.assets.files.bundle import MAX_BYTES, yaml_problem
from scripts.assets.files.yaml_text import load_yaml
from scripts.assets.model.fields import KINDS
from scripts.errors import UserError

# More files than any Superset has assets; a zip file could hold millions.
_MAX_FILES = 20_000
# Files of an export that are not assets.
_NO_ASSETS = {"metadata.yaml", "tags.yaml"}
_JINJA = re.compile(r"\{[{%].*?[}%]\}|\{[{%]", re.DOTALL)
# Settings whose text is a template of Superset's front end and not of Jinja.
_TEMPLATES = re.compile("template", re.IGNORECASE)
_EXCERPT = 50


@dataclass
class Export:
    """The readable files of a bundle, path → (kind, fields), and a message for each loss."""

    data: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    notes: list[tuple[str, str]] = field(default_factory=list)

    def note(self, path: str, message: str) -> None:
        """Report what of a file cannot be kept."""
        self.notes.append((path, message))


def read_export(source: Path) -> Export:
    """Read a zip file or a folder; a UserError where it is neither, or holds no asset."""
    files = dict(_zip_files(source) if source.is_file() else _folder_files(source))
    export = Export()
    for path, content in _below_root(files).items():
        kind = PurePosixPath(path).parts[0]
        if kind not in KINDS or len(PurePosixPath(path).parts) == 1:
            if path not in _NO_ASSETS:
                export.note(path, "is not an asset that git can hold, and is left out")
        elif isinstance(content, int):
            export.note(path, f"has {content:,} bytes (limit {MAX_BYTES:,}), and is left out")
        else:
            _read(export, path, kind, content)
    if not export.data:
        raise UserError(
            f"{source} holds no file of an asset",
            f"give an export of Superset: a zip file or a folder with {', '.join(KINDS)}",
        )
    return export


def jinja_in(data: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Each text that holds Jinja: the field's name and the first expression."""
    if isinstance(data, dict):
        for key, value in data.items():
            if not _TEMPLATES.search(str(key)):
                yield from jinja_in(value, f"{where}.{key}" if where else str(key))
    elif isinstance(data, list):
        for value in data:
            yield from jinja_in(value, where)
    elif isinstance(data, str) and (match := _JINJA.search(data)):
        text = " ".join(match[0].split())
        yield where, text if len(text) <= _EXCERPT else text[: _EXCERPT - 1] + "…"


def _read(export: Export, path: str, kind: str, content: bytes) -> None:
    try:
        text = content.decode("utf-8-sig")
        data = load_yaml(text)
    except UnicodeDecodeError:
        export.note(path, "is not UTF-8, and is left out")
    except yaml.YAMLError as error:
        jinja = _JINJA.search(content.decode(errors="replace"))
        advice = "; it holds Jinja, so render it with its own tool first" if jinja else ""
        export.note(path, f"is not YAML ({yaml_problem(error)}), and is left out{advice}")
    else:
        if isinstance(data, dict):
            export.data[path] = (kind, data)
        else:
            export.note(path, "holds no fields, and is left out")


def _below_root(files: dict[str, bytes | int]) -> dict[str, bytes | int]:
    """The files below the highest folder that has folders of assets, with paths relative to it."""
    roots = {
        str(PurePosixPath(*parts[:place]))
        for parts in (PurePosixPath(path).parts for path in files)
        for place, part in enumerate(parts[:-1])
        if part in KINDS
    }
    if not roots:
        return {}
    root = min(roots, key=lambda each: (each.count("/") + (each != "."), each))
    return {
        PurePosixPath(path).relative_to(root).as_posix(): content
        for path, content in files.items()
        if root == "." or path.startswith(f"{root}/")
    }


def _zip_files(source: Path) -> Iterator[tuple[str, bytes | int]]:
    """The YAML files of a zip file; a file that is too large as its size."""
    try:
        with ZipFile(source) as archive:
            entries = [each for each in archive.infolist() if _is_yaml(each.filename)]
            _require_few(source, len(entries))
            for entry in entries:
                large = entry.file_size > MAX_BYTES
                yield entry.filename, entry.file_size if large else archive.read(entry)
    # zipfile raises RuntimeError for an encrypted file and for an unknown compression. Damaged
    # content raises the compression library's own error.
    except (BadZipFile, RuntimeError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise UserError(
            f"{source} cannot be read as a zip file ({error})",
            "export the dashboards again, or give a folder",
        ) from None


def _folder_files(source: Path) -> Iterator[tuple[str, bytes | int]]:
    if not source.is_dir():
        raise UserError(f"There is no {source}", "FROM= names a zip file or a folder")
    files = [each for each in sorted(source.rglob("*")) if _is_yaml(each.name) and each.is_file()]
    _require_few(source, len(files))
    for file in files:
        size = file.stat().st_size
        path = file.relative_to(source).as_posix()
        yield path, size if size > MAX_BYTES else file.read_bytes()


def _is_yaml(name: str) -> bool:
    return name.endswith((".yaml", ".yml")) and "__MACOSX" not in name


def _require_few(source: Path, count: int) -> None:
    if count > _MAX_FILES:
        raise UserError(
            f"{source} holds {count:,} YAML files, and the limit is {_MAX_FILES:,}",
            "name the folder of the bundle itself",
        )
