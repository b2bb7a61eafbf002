"""YAML text that reads back as exactly what was written, in a form that keeps diffs small."""

import re
from pathlib import Path
from typing import Any

import yaml

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Line breaks that YAML would change unless they are escaped.
_FRAGILE = re.compile("[\r\x85\u2028\u2029\ufeff]")
# Space at an edge of a line is invisible in a block, and lost by some editors.
_UNFIT_FOR_BLOCK = re.compile("\t|[ ]\n|[ ]$|^[ \n]")


class _FileLoader(_Loader):
    """Reads plain data only, and refuses a key that stands twice."""


# WHY: an unquoted 2026-01-31 is text in JSON and in Superset; YAML would make it a date.
_FileLoader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
    for first, pairs in _Loader.yaml_implicit_resolvers.items()
}


def _mapping(loader: _FileLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen = set()
    for key, _ in node.value:
        if (key.tag, key.value) in seen:
            raise yaml.constructor.ConstructorError(
                problem=f"the key {key.value!r} stands there twice", problem_mark=key.start_mark
            )
        seen.add((key.tag, key.value))
    return loader.construct_mapping(node, deep=True)


_FileLoader.add_constructor("tag:yaml.org,2002:map", _mapping)


class _FileDumper(yaml.SafeDumper):
    """Writes text of several lines as a block, and never an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        # Lists stand indented below their key: easier on the eye in deep files.
        return super().increase_indent(flow, False)


def _string(dumper: _FileDumper, text: str) -> yaml.ScalarNode:
    if _FRAGILE.search(text):
        style = '"'
    elif "\n" in text and not _UNFIT_FOR_BLOCK.search(text):
        style = "|"
    else:
        style = None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_FileDumper.add_representer(str, _string)


def load_yaml(text: str) -> Any:
    """The data in a YAML text; raises yaml.YAMLError."""
    return _FileLoader(text).get_single_data()


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
    """Write a file whole or not at all; False where it says so already."""
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    # A file that is half written would be pushed as it is.
    draft = file.with_name(f".{file.name}.new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)
    return True
