"""Two things measured in turn, the ratio of their medians, and the table of all of them.

A comparison is a function that gets the Bench (settings, size, a place for files) and returns two
measurements: callables without arguments that return a number, seconds unless it says otherwise.

    @compare("linear scoring", "a client that reads, predicts, writes", reach=at_least(6))
    def scoring(bench: Bench) -> Pair:
        return Pair(lambda: seconds(...), lambda: bench.rival("predict.py", ...)["seconds"])
"""

import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from scripts.settings import Settings
from tests.bench.rivals import run_rival

Measurement = Callable[[], float]


@dataclass(frozen=True)
class Reach:
    """What a comparison is to come to: the rival's number over ours, or ours over the rival's."""

    limit: float
    rival_over_ours: bool
    unit: str = ""  # of an absolute limit: ours alone counts

    def ratio(self, glasshouse: float, rival: float | None) -> float:
        """The number that is compared with the limit."""
        if rival is None:
            return glasshouse
        return rival / glasshouse if self.rival_over_ours else glasshouse / rival

    def met(self, ratio: float) -> bool:
        """Whether that is good enough."""
        return ratio >= self.limit if self.rival_over_ours else ratio <= self.limit

    def words(self) -> str:
        """As the table shows it."""
        if self.unit:
            return f"at most {self.limit:g} {self.unit}"
        return f"at least {self.limit:g} ×" if self.rival_over_ours else f"at most {self.limit:g} ×"


def at_least(times: float) -> Reach:
    """We are to be this many times faster (smaller)."""
    return Reach(times, True)


def at_most(times: float, unit: str = "") -> Reach:
    """We are to take at most this many times what the rival takes; with a unit: this much."""
    return Reach(times, False, unit)


@dataclass(frozen=True)
class Pair:
    """What is measured; `rival` None where the limit is an absolute one."""

    glasshouse: Measurement
    rival: Measurement | None
    unit: str = "s"
    note: str = ""
    done: Callable[[], None] = lambda: None  # called when both are measured


@dataclass(frozen=True)
class Bench:
    """What a comparison may use."""

    settings: Settings
    rows: int
    runs: int
    folder: Path

    def rival(self, script: str, **arguments: object) -> dict[str, float]:
        """Run a script of rival_scripts/ in an environment of its own; what it prints as JSON."""
        return run_rival(self.settings, script, arguments)


@dataclass(frozen=True)
class Comparison:
    """A registered comparison."""

    name: str
    against: str
    reach: Reach
    make: Callable[[Bench], Pair]
    group: str


@dataclass
class Result:
    """What was found; medians, and every single number behind them."""

    name: str
    against: str
    group: str
    reach: str
    ratio: float
    met: bool
    unit: str
    ours: float
    rival: float | None
    note: str
    rows: int
    measured_at: str
    machine: str
    numbers: dict[str, list[float]] = field(default_factory=dict)


COMPARISONS: dict[str, Comparison] = {}


def compare(name: str, against: str, reach: Reach, group: str = "The engine") -> Callable:
    """Register the function below as the comparison of that name; `group`: heads its table."""

    def register(make: Callable[[Bench], Pair]) -> Callable[[Bench], Pair]:
        COMPARISONS[name] = Comparison(name, against, reach, make, group)
        return make

    return register


def measure(comparison: Comparison, bench: Bench) -> Result:
    """Both in turn, so that what slows the machine down for a while slows both."""
    pair = comparison.make(bench)
    glasshouse: list[float] = []
    rival: list[float] = []
    try:
        pair.glasshouse()  # once for nothing: sessions, caches and files are warm afterwards
        for _ in range(bench.runs):
            glasshouse.append(pair.glasshouse())
            if pair.rival:
                rival.append(pair.rival())
    finally:
        pair.done()
    middle = statistics.median(glasshouse)
    other = statistics.median(rival) if rival else None
    ratio = comparison.reach.ratio(middle, other)
    return Result(
        comparison.name,
        comparison.against,
        comparison.group,
        comparison.reach.words(),
        ratio,
        comparison.reach.met(ratio),
        pair.unit,
        middle,
        other,
        pair.note,
        bench.rows,
        datetime.now(UTC).isoformat(timespec="minutes"),
        f"{os.cpu_count()} cores, Python {platform.python_version()}",
        {"ours": glasshouse, "rival": rival},
    )


def keep(results: list[Result], path: Path) -> list[Result]:
    """Write the results beside those of earlier runs that were not measured again; all of them."""
    earlier_results = (
        [Result(**entry) for entry in json.loads(path.read_text())] if path.exists() else []
    )
    by_name = {result.name: result for result in [*earlier_results, *results]}
    path.write_text(json.dumps([asdict(r) for r in by_name.values()], indent=1) + "\n")
    return list(by_name.values())


@contextmanager
def stopwatch() -> Iterator[list[float]]:
    """The seconds the block took, as the only entry of the list once it is done."""
    result: list[float] = []
    start = time.perf_counter()
    yield result
    result.append(time.perf_counter() - start)


def seconds(work: Callable[[], object]) -> float:
    """How long a call takes."""
    with stopwatch() as result:
        work()
    return result[0]
