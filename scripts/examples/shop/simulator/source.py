"""The simulator as a source of rows for the shop."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from psycopg2.extensions import cursor as Cursor

from scripts.examples.shop.simulator import calendar, history

# These modules write rows and do not influence their content.
DATABASE_MODULES = ("__init__.py", "history.py", "continuation.py", "source.py")
DEFAULT_SEED, DEFAULT_SIZE = 1, 100_000


@cache
def rules_fingerprint() -> str:
    """A hash of the modules that determine the simulated rows."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.name not in DATABASE_MODULES:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@dataclass(frozen=True)
class Simulator:
    """A shop of about `size` order lines, from FIRST_DAY to `last_day`."""

    seed: int = DEFAULT_SEED
    size: int = DEFAULT_SIZE
    last_day: int = calendar.LAST_DAY
    name: str = "simulator"

    @property
    def until(self) -> date:
        """The last simulated day."""
        return calendar.as_date(self.last_day)

    def mark(self) -> str:
        """Seed, size, rules and the last day.

        A build compares it with the last build's: if only the day differs, the shop is the same.
        """
        return (
            f"simulator: seed {self.seed}, size {self.size}, rules {rules_fingerprint()},"
            f" until {self.until}"
        )

    def fill(self, cursor: Cursor, progress: Callable[[str], None]) -> None:
        """Insert the whole history, and record the last day."""
        history.fill(cursor, self.seed, self.size, self.last_day, progress)
        cursor.execute(
            "insert into simulation.run (seed, size, rules, today) values (%s, %s, %s, %s)",
            [self.seed, self.size, rules_fingerprint(), self.until],
        )
