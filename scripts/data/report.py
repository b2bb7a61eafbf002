"""The table that `make load` prints: what became of each column."""

from rich import box
from rich.table import Table

from scripts.console import console
from scripts.data.load import LoadResult

LONGEST_EXAMPLE = 24


def print_report(result: LoadResult) -> None:
    """Print a line for each column, and below it what the load noticed about the column."""
    console.print(f"Read as {result.format}", markup=False)
    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in ("column", "type", "empty", "distinct", "example"):
        table.add_column(heading, justify="right" if heading in ("empty", "distinct") else "left")
    for report in result.reports:
        example = " ".join(report.example.split())
        if len(example) > LONGEST_EXAMPLE:
            example = f"{example[: LONGEST_EXAMPLE - 1]}…"
        values = (report.name, report.type, f"{report.empty:,}", report.distinct, example)
        table.add_row(*(value.replace("[", r"\[") for value in values))
    console.print(table)
    for report in result.reports:
        for remark in report.remarks:
            console.print(f"{report.name}: {remark}", markup=False)
