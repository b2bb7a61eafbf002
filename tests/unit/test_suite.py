"""Tests of the suite: every test asserts, and a killed run leaves nothing behind."""

import ast
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.clone import PREFIX, remove_orphans

TESTS = Path(__file__).resolve().parents[1]
# Calls that fail by themselves when the code under test is wrong.
CHECKS = {"raises", "fail", "assert_allclose", "assert_array_equal", "assert_almost_equal"}


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    """All functions and methods of a module."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def calls(function: ast.AST) -> set[str]:
    """The last part of the name of everything that is called."""
    targets = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    names = {node.id for node in targets if isinstance(node, ast.Name)}
    return names | {node.attr for node in targets if isinstance(node, ast.Attribute)}


def asserts(function: ast.AST, checks: set[str]) -> bool:
    """Whether a function asserts, or calls something that does."""
    statements = any(isinstance(node, ast.Assert) for node in ast.walk(function))
    return statements or bool(calls(function) & checks)


def without_assertion(trees: dict[str, ast.Module]) -> list[str]:
    """The tests of these modules that neither assert nor call a helper that asserts."""
    checks = set(CHECKS)
    helpers = [
        each for tree in trees.values() for each in functions(tree) if each.name[:5] != "test_"
    ]
    called = {each: calls(each) for each in helpers}
    checks |= {each.name for each in helpers if asserts(each, checks)}
    while more := {each.name for each in helpers if called[each] & checks} - checks:
        checks |= more
    return [
        f"{file}:{each.lineno} {each.name}"
        for file, tree in trees.items()
        for each in functions(tree)
        if each.name.startswith("test_") and not asserts(each, checks)
    ]


def test_every_test_asserts() -> None:
    files = sorted(TESTS.rglob("*.py"))
    assert len(files) > 100
    trees = {str(file.relative_to(TESTS)): ast.parse(file.read_text()) for file in files}
    assert without_assertion(trees) == []


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ("def test_a(): f()", 1),
        ("def test_a(): assert f()", 0),
        ("def check(): assert f()\ndef test_a(): check()", 0),
        ("def check(): assert f()\ndef twice(): check()\ndef test_a(): x.twice()", 0),
        ("def test_a():\n with pytest.raises(ValueError): f()", 0),
    ],
)
def test_missing_assertion_is_reported(code: str, count: int) -> None:
    assert len(without_assertion({"test_code.py": ast.parse(code)})) == count


def test_only_copies_of_ended_processes_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    process = subprocess.Popen(["true"])
    process.wait()
    for pid in (process.pid, os.getpid()):
        (tmp_path / f"{PREFIX}{pid}-copy").mkdir()
    remove_orphans()
    assert [folder.name for folder in tmp_path.iterdir()] == [f"{PREFIX}{os.getpid()}-copy"]
