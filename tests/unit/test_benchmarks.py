"""The page of benchmarks gives a reason for each missed target, and for no other."""

from importlib import import_module

from scripts.bench import page
from scripts.settings import ROOT
from tests.bench import harness
from tests.bench.reasons import REASONS


def result(name: str, met: bool) -> harness.Result:
    return harness.Result(
        name, "a rival", "The engine", "at least 6 ×", 5.0, met, "s", 1.0, 5.0, "A note", 1000,
        "2026-01-01T00:00+00:00", "2 cores",
    )  # fmt: skip


def test_missed_target_has_reason() -> None:
    text = page([result("one", True), result("two", False)], {"one": "Why one", "two": "Why two"})
    (one,) = [line for line in text.splitlines() if line.startswith("| one |")]
    (two,) = [line for line in text.splitlines() if line.startswith("| two |")]
    assert "reached. A note" in one and "Why one" not in one
    assert "missed. Why two. A note" in two


def test_reasons_belong_to_comparisons() -> None:
    for path in sorted((ROOT / "tests" / "bench").glob("bench_*.py")):
        import_module(f"tests.bench.{path.stem}")
    assert REASONS.keys() <= harness.COMPARISONS.keys()
