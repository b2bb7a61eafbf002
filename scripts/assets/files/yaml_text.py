"""YAML text that reads back as exactly what was written, in a form that keeps diffs small."""

import re
from pathlib import Path
from typing import Any

import yaml
from yaml.emitter import ScalarAnalysis

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # PyYAML without its C library
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]
# The files here have at most 12 levels and some 2,000 values.
_MAX_DEPTH, _MAX_SIZE = 100, 200_000
# Line breaks that YAML would change unless they are escaped.
_FRAGILE = re.compile("[\r\x85\u2028\u2029\ufeff]")
# What a block scalar cannot hold: characters that YAML allows only as escapes, and those above.
_UNFIT_FOR_BLOCK = re.compile(
    "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


class _FileLoader(_Loader):
    """Reads plain data only, and refuses duplicate keys."""


# WHY: an unquoted 2026-01-31 is text in JSON and in Superset; YAML would make it a date.
_FileLoader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
    for first, pairs in _Loader.yaml_implicit_resolvers.items()
}


def _mapping(loader: _FileLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = set()
    for key, _ in node.value:
        if (key.tag, key.value) in keys:
            raise yaml.constructor.ConstructorError(
                problem=f"the key {key.value!r} appears twice", problem_mark=key.start_mark
            )
        keys.add((key.tag, key.value))
    return loader.construct_mapping(node, deep=True)


_FileLoader.add_constructor("tag:yaml.org,2002:map", _mapping)


class _FileDumper(yaml.SafeDumper):
    """Writes text of several lines as a block, and never an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        # Lists are indented below their key, which is easier to read in deep files.
        return super().increase_indent(flow, False)

    def analyze_scalar(self, scalar: str) -> ScalarAnalysis:
        analysis = super().analyze_scalar(scalar)
        # WHY: PyYAML refuses a block for a tab or a space at the end of a line. One keystroke then
        # turns a hundred lines of CSS into one quoted string. YAML allows both in a block.
        analysis.allow_block = _fits_block(scalar)
        return analysis

    def determine_block_hints(self, text: str) -> str:
        hints = super().determine_block_hints(text)
        # A tab at the start would be taken for indentation, unless the indentation is stated.
        return f"{self.best_indent}{hints}" if text.startswith("\t") else hints


def _fits_block(text: str) -> bool:
    return "\n" in text and not _UNFIT_FOR_BLOCK.search(text)


def _string(dumper: _FileDumper, text: str) -> yaml.ScalarNode:
    style = "|" if _fits_block(text) else '"' if _FRAGILE.search(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_FileDumper.add_representer(str, _string)


def load_yaml(text: str) -> Any:
    """The data in a YAML text; raises yaml.YAMLError, also for a text that is too deep or large."""
    _require_bounded(text)
    return _FileLoader(text).get_single_data()


def _require_bounded(text: str) -> None:
    """Stop before nesting breaks the reader, or aliases grow to more than memory holds."""
    # Each node counts 1, and a text 1 more for every 100 characters.
    size = 0
    starts: list[tuple[str | None, int]] = []
    anchors: dict[str | None, int] = {}
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            # An alias inside its own anchor has no size yet, and would have no end.
            size += anchors.get(event.anchor, _MAX_SIZE)
        elif isinstance(event, yaml.ScalarEvent):
            weight = 1 + len(event.value) // 100
            size += weight
            anchors[event.anchor] = weight
        elif isinstance(event, yaml.CollectionStartEvent):
            starts.append((event.anchor, size))
            size += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, start = starts.pop()
            anchors[anchor] = size - start
        if len(starts) > _MAX_DEPTH:
            raise _error(f"more than {_MAX_DEPTH} levels of nesting", event)
        if size > _MAX_SIZE:
            raise _error("too many values once its aliases are expanded", event)


def _error(problem: str, event: yaml.Event) -> yaml.YAMLError:
    mark: Any = event.start_mark  # of another class where the C library reads
    return yaml.composer.ComposerError(problem=problem, problem_mark=mark)


def dump_yaml(data: Any) -> str:
    """The data as YAML text, keys in the order they have."""
    return yaml.dump(
        data,
        Dumper=_FileDumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=100,
    )


def write_text(file: Path, text: str) -> bool:
    """Write a file atomically; False where it has this content already."""
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    # A half-written file could be pushed.
    draft = file.with_name(f".{file.name}.new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)
    return True
