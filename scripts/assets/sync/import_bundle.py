"""`import`: a bundle of files made elsewhere, written to git as assets of this repository."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from scripts.assets.checks.fields import file_problems
from scripts.assets.checks.static import find_problems
from scripts.assets.files.bundle import FOLDER, read_files, with_path, write_asset
from scripts.assets.files.export import Export, jinja_in, read_export
from scripts.assets.model.annotations import annotations, with_references
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.database_uri import (
    password_name,
    restore_uri,
    sends_own_password_elsewhere,
)
from scripts.assets.model.fields import (
    ANNOTATION,
    COLUMN,
    FIELDS,
    FORMAT_VERSION,
    METRIC,
    NAME_FIELD,
    Field,
)
from scripts.assets.model.layout import charts_in
from scripts.assets.model.normalise import (
    FORMER_NAMES,
    IGNORED_FIELDS,
    SECRET_FIELDS,
    canonical_bundle,
)
from scripts.assets.model.problems import Rule
from scripts.assets.sync.last_push import exclusive
from scripts.assets.sync.unmanaged import with_slug
from scripts.console import say, warn
from scripts.errors import UserError
from scripts.settings import Settings

_MAX_PROBLEMS = 5
# The lists of an asset and the fields of their entries.
_PARTS: dict[str, dict[str, tuple[Field, ...]]] = {
    "datasets": {"columns": COLUMN, "metrics": METRIC},
    "annotation_layers": {"annotations": ANNOTATION},
}
# Without these a file has no place among the others.
_FATAL = (Rule.MISSING_FIELD, Rule.MALFORMED_UUID, Rule.WRONG_TYPE)


@dataclass
class ImportResult:
    """The assets to write, and for each file of the source what cannot be kept."""

    written: Bundle = field(default_factory=Bundle)
    notes: list[tuple[str, str]] = field(default_factory=list)


def import_bundle(settings: Settings, source: Path, force: bool = False) -> bool:
    """Write the assets of an export into git; False where nothing was written.

    `force`: also over assets that git has already. Superset is not asked: `push` sends the result.
    """
    folder = settings.root / FOLDER
    with exclusive(settings):
        files = read_files(folder)
        if files.problems or find_problems(files):
            raise UserError(f"The files below {FOLDER} do not pass the checks", "make check")
        git = files.bundle()
        result = convert(read_export(source), git, settings, force)
        for asset in result.written:
            write_asset(folder, asset)
    _report(result, settings)
    return bool(result.written.assets)


def convert(export: Export, git: Bundle, settings: Settings, force: bool = False) -> ImportResult:
    """The assets of an export in the form and with the paths of git."""
    result = ImportResult(notes=list(export.notes))
    charts: dict[int, str] = {}
    for kind, data in export.data.values():
        if kind == "dashboards" and isinstance(data.get("position"), dict):
            charts |= charts_in(data["position"])
    readable = []
    for path, (kind, data) in export.data.items():
        short = _known_fields(kind, path, data, result)
        if kind == "databases":
            short = _with_own_password(path, short, settings, result)
        if kind == "charts":
            short = _with_references(path, short, charts, result)
        if short and _is_readable(kind, path, short, result):
            readable.append((kind, path, short))
            for name, text in dict(jinja_in(short)).items():
                message = f"{name} holds Jinja, which stays as text: {text}"
                result.notes.append((path, message))
    assets = [Asset(kind, data, path) for kind, path, data in canonical_bundle(readable)]
    _place(assets, git, result, force)
    return result


def _known_fields(
    kind: str, path: str, data: dict[str, Any], result: ImportResult
) -> dict[str, Any]:
    """The fields that git holds; the others are reported."""
    field_names = {each.name for each in FIELDS[kind]} | FORMER_NAMES.get(kind, {}).keys()
    short = {"version": FORMAT_VERSION} | {name: data[name] for name in data if name in field_names}
    for name in data:
        if name in SECRET_FIELDS and data[name]:
            result.notes.append((path, f"{name} may hold a secret: enter it in Superset"))
        elif name not in field_names | IGNORED_FIELDS | SECRET_FIELDS:
            result.notes.append((path, f"the field {name} is unknown"))
    for name, fields in _PARTS.get(kind, {}).items():
        items = data.get(name)
        if isinstance(items, list) and all(isinstance(item, dict) for item in items):
            names = {each.name for each in fields}
            unknown = {str(key) for item in items for key in item.keys() - names - {"uuid"}}
            if unknown:
                message = f"{name}: the fields {', '.join(sorted(unknown))} are unknown"
                result.notes.append((path, message))
            short[name] = [
                {key: value for key, value in item.items() if key in names} for item in items
            ]
    return short


def _with_own_password(
    path: str, data: dict[str, Any], settings: Settings, result: ImportResult
) -> dict[str, Any]:
    """The database with a key of `.env` in place of its password; {} where that is not safe."""
    uri, title = str(data.get("sqlalchemy_uri") or ""), str(data.get("database_name") or "")
    if sends_own_password_elsewhere(uri):
        message = "its address would get a password of this installation, so it is left out"
        result.notes.append((path, message))
        return {}
    name = password_name(title, str(data.get("uuid") or ""))
    restored = restore_uri(uri, settings, "", name)
    if f"${{{name}}}" in restored:
        result.notes.append((path, f"the password is not kept: put {name}=… into .env"))
    return data | {"sqlalchemy_uri": restored}


def _with_references(
    path: str, data: dict[str, Any], charts: dict[int, str], result: ImportResult
) -> dict[str, Any]:
    """The chart with annotations by uuid; those on layers of the other server are left out."""
    params = data.get("params")
    if not isinstance(params, dict):
        return data
    short = with_references(
        params,
        lambda value: value if isinstance(value, str) else None,
        lambda value: value if isinstance(value, str) else charts.get(value),
    )
    lost = len(annotations(params)) - len(annotations(short))
    if lost:
        message = f"{lost} annotations refer to ids of the other server, and are left out"
        result.notes.append((path, message))
    return data | {"params": short}


def _is_readable(kind: str, path: str, data: dict[str, Any], result: ImportResult) -> bool:
    """Whether the file has its place; what else is wrong with it, `check` says."""
    if kind == "dashboards" and not data.get("slug"):
        data = data | {"slug": "later"}
    fatal = [each for each in file_problems(kind, path, data) if each.rule in _FATAL]
    for problem in fatal:
        result.notes.append((path, f"{problem.message}, so the file is left out"))
    return not fatal


def _place(assets: list[Asset], git: Bundle, result: ImportResult, force: bool) -> None:
    """Give each asset a path, and a name that is not taken; add them to the result."""
    others = git.only(set(git.assets) - {asset.uuid for asset in assets})
    for place, asset in enumerate(assets):
        if asset.kind == "dashboards":
            assets[place] = with_slug(asset, others)
            others |= Bundle.of([assets[place]])
    every = git | Bundle.of(assets)
    taken_paths = {asset.path for asset in git}
    written: dict[str, Asset] = {}
    for asset in sorted(assets, key=lambda each: (each.kind, each.path)):
        source, local = asset.path, git.get(asset.uuid)
        if asset.uuid in written:
            result.notes.append((source, f"has the uuid of another file of the bundle: {asset}"))
            continue
        if local and local.data == asset.data:
            continue
        if local and (not force or asset.kind == "databases"):
            advice = "" if asset.kind == "databases" else "; FORCE=1 overwrites it"
            result.notes.append((source, f"{asset} is in git already, and stays as it is{advice}"))
            continue
        asset = _with_free_name(asset, git, written, source, result)
        placed = replace(asset, path=local.path) if local else with_path(asset, every, taken_paths)
        taken_paths.add(placed.path)
        written[asset.uuid] = placed
    result.written = Bundle(written)


def _with_free_name(
    asset: Asset, git: Bundle, written: dict[str, Asset], source: str, result: ImportResult
) -> Asset:
    """A database with a name of its own, because Superset refuses two of one name."""
    if asset.kind != "databases":
        return asset
    others = (git | Bundle(written)).kind("databases")
    titles = {each.title for each in others if each.uuid != asset.uuid}
    title, number = asset.title, 2
    while title in titles:
        title, number = f"{asset.title} {number}", number + 1
    if title != asset.title:
        result.notes.append((source, f'the name "{asset.title}" is taken, so it is now "{title}"'))
    return replace(asset, data=asset.data | {NAME_FIELD["databases"]: title})


def _report(result: ImportResult, settings: Settings) -> None:
    by_file: dict[str, list[str]] = {}
    for path, message in result.notes:
        by_file.setdefault(path, []).append(message)
    for path, messages in sorted(by_file.items()):
        warn(f"{path}: {'; '.join(dict.fromkeys(messages))}")
    for asset in result.written:
        say(f"  {asset}  ({FOLDER}/{asset.path})")
    say(f"{len(result.written.assets)} files written, {len(by_file)} files with remarks.")
    if not result.written.assets:
        return
    problems = find_problems(read_files(settings.root / FOLDER))
    for problem in problems[:_MAX_PROBLEMS]:
        warn(f"{FOLDER}/{problem}")
    if problems:
        say(f"{len(problems)} problems to solve before make push; make check lists them.")
    else:
        say("make plan shows what make push would send.")
