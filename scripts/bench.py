"""`make bench`: measures against other tools and writes docs/benchmarks.json and .md."""

from importlib import import_module
from itertools import groupby
from pathlib import Path

import click
import psycopg2

from scripts.console import step, warn
from scripts.errors import UserError
from scripts.settings import ROOT, load_settings

FOLDER = Path("tests", "bench")
NUMBERS, PAGE = Path("docs", "benchmarks.json"), Path("docs", "benchmarks.md")
COLUMNS = (
    "| measurement | compared with | Glasshouse | other | ratio | target | result | rows, date |"
)
HEAD = """\
# Benchmarks

`make bench` writes this page; [benchmarks.json](benchmarks.json) holds the single measurements.
Each row compares Glasshouse with another tool. Both are measured alternately in one run, on the
same machine and with the same number of threads, and the table shows the medians. Compare the
ratios: the times depend on the machine and the day. A target that was missed stays in the table,
with the reason.
"""


@click.command()
@click.argument("names", nargs=-1)
@click.option(
    "--rows", default=1_000_000, show_default=True, help="Rows of the tables measured on."
)
@click.option("--runs", default=5, show_default=True, help="How often each side is measured.")
def bench(names: tuple[str, ...], rows: int, runs: int) -> None:
    """Measure against other tools, on the running stack: all comparisons, or the named ones."""
    from tests.bench import harness
    from tests.bench.reasons import REASONS
    from tests.bench.warehouse import make_schema

    for path in sorted((ROOT / FOLDER).glob("bench_*.py")):
        import_module(f"tests.bench.{path.stem}")
    chosen = [
        comparison
        for comparison in harness.COMPARISONS.values()
        if not names or any(name in comparison.name for name in names)
    ]
    if not chosen:
        raise UserError(f"No comparison is named {' or '.join(names)}", "make bench runs them all")
    settings = load_settings()
    place = settings.state / "bench"
    place.mkdir(parents=True, exist_ok=True)
    bench = harness.Bench(settings, rows, runs, place)
    make_schema(settings)
    missed = 0
    for comparison in chosen:
        title = f"{comparison.name}, against {comparison.against}"
        try:
            with step(title, output=True) as current:
                result = harness.measure(comparison, bench)
                current.note(f"{_ratio(result)} ({result.reach})")
        except (RuntimeError, psycopg2.Error) as error:
            warn(f"not measured: {str(error).strip().splitlines()[0]}")
            missed += 1
            continue
        # At once: a long run that is stopped keeps what it has.
        every = harness.keep([result], ROOT / NUMBERS)
        (ROOT / PAGE).write_text(page(every, REASONS), encoding="utf-8")
    if missed:
        raise UserError(f"{missed} of {len(chosen)} were not measured", "see the lines above")


def page(results: list, reasons: dict[str, str]) -> str:
    """The tables as Markdown; `reasons`: why a target is missed, by name of the comparison."""
    lines = [HEAD]
    results = sorted(results, key=lambda result: result.group)
    for group, members in groupby(results, key=lambda result: result.group):
        lines += [f"## {group}", ""]
        lines += [COLUMNS]
        lines += ["| --- | --- | --- | --- | --- | --- | --- | --- |"]
        lines += [_line(result, reasons) for result in members]
        lines += [""]
    return "\n".join(lines)


def _line(result, reasons: dict[str, str]) -> str:
    rival = "–" if result.rival is None else _number(result.rival, result.unit)
    verdict = "reached" if result.met else "missed"
    remarks = [verdict, "" if result.met else reasons.get(result.name, ""), result.note]
    cells = [
        result.name,
        result.against,
        _number(result.ours, result.unit),
        rival,
        _ratio(result),
        result.reach,
        ". ".join(remark for remark in remarks if remark),
        f"{result.rows:,}, {result.measured_at[:10]}",
    ]
    return f"| {' | '.join(cells)} |"


def _ratio(result) -> str:
    if result.rival is None:
        return _number(result.ours, result.unit)
    return f"{result.ratio:.2f} ×"


def _number(value: float, unit: str) -> str:
    return f"{value:.4g} {unit}"
