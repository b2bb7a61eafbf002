"""The checks that need no server."""

from pathlib import Path

from scripts.assets.checks.columns import column_problems
from scripts.assets.checks.dbt_agreement import dbt_problems
from scripts.assets.checks.fields import file_problems
from scripts.assets.checks.readability import readability_problems
from scripts.assets.checks.references import duplicate_identities, reference_problems
from scripts.assets.files.bundle import FOLDER, Files, file_text, read_files
from scripts.assets.files.dbt_relations import read_relations
from scripts.assets.files.theme import read_theme
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.problems import Problem, Rule
from scripts.errors import UserError


def find_problems(files: Files, columns: bool = True) -> list[Problem]:
    """All problems; references are checked only where each file is valid by itself.

    `columns`: check the names of columns too.
    """
    problems = list(files.problems)
    for path, (kind, data) in files.data.items():
        problems += file_problems(kind, path, data)
    if problems:
        return sorted(problems)
    identities = [
        (path, Asset(kind, {**data, "uuid": str(data.get("uuid") or "").lower()}).uuid)
        for path, (kind, data) in files.data.items()
    ]
    problems = duplicate_identities(identities)
    if problems:
        return sorted(problems)
    bundle = files.bundle()
    return sorted(reference_problems(bundle) or (column_problems(bundle) if columns else []))


def find_convention_problems(bundle: Bundle, root: Path, state: Path) -> list[Problem]:
    """Problems that Superset would accept: format, readability, agreement with dbt."""
    problems = unformatted(root / FOLDER, bundle) + readability_problems(bundle)
    return sorted(problems + dbt_problems(bundle, read_relations(root, state), root))


def unformatted(folder: Path, bundle: Bundle) -> list[Problem]:
    """Files with valid content that are not in the form that `pull` writes."""
    theme = read_theme(folder)
    return [
        Problem(
            asset.path,
            "is not in the format that make pull writes",
            "make format",
            Rule.NOT_CANONICAL,
        )
        for asset in bundle
        if (folder / asset.path).read_text(encoding="utf-8") != file_text(asset, theme)
    ]


def valid_bundle(root: Path, columns: bool = True) -> Bundle:
    """The assets of a project; a UserError with the first problem when a check fails."""
    folder = root / FOLDER
    files = read_files(folder)
    problems = find_problems(files, columns)
    if problems:
        first = problems[0]
        others = f" ({len(problems) - 1} more: make check)" if len(problems) > 1 else ""
        raise UserError(f"{FOLDER}/{first.file}: {first.message}", first.remedy + others)
    bundle = files.bundle()
    if not bundle.assets:
        raise UserError(f"There are no assets in {folder}", "add YAML files, or check the folder")
    return bundle
