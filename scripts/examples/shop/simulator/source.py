"""The simulator as a source of the shop."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from psycopg2.extensions import cursor as Cursor

from scripts.examples.shop.simulator import calendar, history

# These carry the rows to the database and have no say in what they are.
BOOKKEEPING = ("__init__.py", "history.py", "live.py", "source.py")
DEFAULT_SEED, DEFAULT_SIZE = 1, 100_000


@cache
def law_fingerprint() -> str:
    """Tells these rules from any others: a hash over the files that say what happens."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.name not in BOOKKEEPING:
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
        """The last day that has passed."""
        return calendar.as_date(self.last_day)

    def mark(self) -> str:
        """Seed, size, rules and the last day.

        dbt reads it where it decides whether this is still the shop whose history it keeps
        (dbt/macros/starting_anew.sql): the same but for a later day is.
        """
        return (
            f"simulator: seed {self.seed}, size {self.size}, rules {law_fingerprint()},"
            f" until {self.until}"
        )

    def fill(self, cursor: Cursor, progress: Callable[[str], None]) -> None:
        """The whole history, and where it stands."""
        history.fill(cursor, self.seed, self.size, self.last_day, progress)
        cursor.execute(
            "insert into simulation.run (seed, size, law, today) values (%s, %s, %s, %s)",
            [self.seed, self.size, law_fingerprint(), self.until],
        )
