"""The rules of the imports of a package: layers, no cycle, no crowded folder.

Every import counts, also those under `if TYPE_CHECKING` and inside functions. import-linter was
considered: it does not count the files of a folder, so a second tool would be needed beside it,
and its contracts would repeat the lists below for each package. This module has no dependency.
"""

import ast
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

MOST_FILES = 25
# For each folder of Python code its layers, the lowest first: packages or modules below it.
LAYERS: dict[str, tuple[str, ...]] = {
    "udf/glasshouse_ml": (
        "core", "data", "measure", "model", "explain", "tasks", "registry", "train", "use",
    ),
    "scripts/assets": ("model", "files", "client", "access", "checks", "sync", "commands"),
    "scripts": (),
}  # fmt: skip


def violations(folder: Path, package: str, layers: Sequence[str] = ()) -> list[str]:
    """One line for each broken rule below a folder, which is imported as `package`.

    Code that lies in no layer (the `__init__` of the folder apart) is only checked for cycles.
    """
    files = {_module(folder, package, path): path for path in sorted(folder.rglob("*.py"))}
    imports = {name: sorted(_imports(path, name, files)) for name, path in files.items()}
    return [
        *_crowded_folders(folder, files.values()),
        *_upward_imports(imports, package, layers),
        *_cycles(imports),
    ]


def _module(folder: Path, package: str, path: Path) -> str:
    parts = path.relative_to(folder).with_suffix("").parts
    return ".".join([package, *(part for part in parts if part != "__init__")])


def _imports(path: Path, name: str, files: dict[str, Path]) -> set[str]:
    """The modules among `files` that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                # A package is its own parent, a module is not.
                depth = node.level - (path.name == "__init__.py")
                parents = name.split(".")[: len(name.split(".")) - depth]
                base = ".".join([*parents, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                found.add(inner if inner in files else base)
    return {module for module in found if module in files and module != name}


def _crowded_folders(folder: Path, paths: Iterable[Path]) -> Iterator[str]:
    counts: dict[Path, int] = {}
    for path in paths:
        counts[path.parent] = counts.get(path.parent, 0) + 1
    for place, count in counts.items():
        if count > MOST_FILES:
            shown = place.relative_to(folder.parent)
            yield f"{shown} holds {count} Python files; {MOST_FILES} are the most: divide it"


def _upward_imports(
    imports: dict[str, list[str]], package: str, layers: Sequence[str]
) -> Iterator[str]:
    levels = {f"{package}.{layer}": level for level, layer in enumerate(layers)}
    prefix = package.count(".") + 2

    def level(module: str) -> int | None:
        return levels.get(".".join(module.split(".")[:prefix]))

    for name, imported in imports.items():
        for other in imported:
            low, high = level(name), level(other)
            if low is not None and high is not None and high > low:
                yield f"{name} imports {other}, which is in a higher layer: move what they share"


def _cycles(imports: dict[str, list[str]]) -> Iterator[str]:
    """Each group of modules that reach one another, by Tarjan's algorithm."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []

    def visit(name: str) -> Iterator[list[str]]:
        order[name] = lowest[name] = len(order)
        stack.append(name)
        for other in imports[name]:
            if other not in order:
                yield from visit(other)
                lowest[name] = min(lowest[name], lowest[other])
            elif other in stack:
                lowest[name] = min(lowest[name], order[other])
        if lowest[name] == order[name]:
            group = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(group) > 1:
                yield group

    for name in imports:
        if name not in order:
            for group in visit(name):
                yield f"{', '.join(sorted(group))} import one another: move what they share"


def check(root: Path) -> list[str]:
    """One line for each broken rule in the project at `root`."""
    found: list[str] = []
    for place, layers in LAYERS.items():
        # udf is a source folder: its packages are imported without it.
        package = place.removeprefix("udf/").replace("/", ".")
        found += violations(root / place, package, layers)
    return list(dict.fromkeys(found))


if __name__ == "__main__":
    broken = check(Path(__file__).parents[1])
    print(*broken, sep="\n", end="\n" if broken else "")
    sys.exit(bool(broken))
