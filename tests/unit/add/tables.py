"""Tables as `make add` sees them, without a server."""

from scripts.add.choices import Choices
from scripts.add.facts import ColumnFacts
from scripts.add.proposal import propose

ROWS = 300


def column(name: str, kind: str = "text", distinct: int = 5, filled: int = ROWS, header: str = ""):
    return ColumnFacts(name, kind, ROWS, filled, distinct, header)


class Table:
    """A table of the warehouse as `propose` sees it."""

    schema, name, rows = "csv", "visits", ROWS

    def __init__(self, *columns: ColumnFacts, unique: bool = True) -> None:
        self.columns, self.unique = columns, unique

    def facts(self) -> list[ColumnFacts]:
        return list(self.columns)

    def row_count(self) -> int:
        return self.rows

    def identifies_rows(self, name: str) -> bool:
        return self.unique

    def is_lognormal(self, name: str) -> bool:
        return name == "salary"

    def computes(self, expression: str) -> bool:
        return "spring" not in expression

    def distinct_values(self, name: str) -> int:
        return next(each.distinct for each in self.columns if each.name == name)


ID = column("visit_id", "bigint", ROWS)
RETURNED = column("returned", "boolean", 2)
SPENT = column("spent", "double precision", 250, header="Spent €")
CITY = column("city", filled=ROWS - 10)


def proposal(*columns: ColumnFacts, unique: bool = True, **choices):
    return propose(Table(*columns, unique=unique), Choices(owner="Ada", **choices))
