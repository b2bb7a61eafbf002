"""Rows into numpy."""

from tests.bench.harness import Bench, Pair, at_least, compare
from tests.bench.warehouse import FEATURES, MIXED, Session, table

_READ = """
do language plpython3u $$
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.row_reader import Reader, read_columns
query = {query!r}
columns = read_columns(Database(plpy, GD), query)
numbers = [column for column in columns if column.numeric]
texts = [column for column in columns if not column.numeric]
assert Reader(Database(plpy, GD), query, numbers, texts).table().rows
$$
"""


def _reading(bench: Bench, kind: str, way: str) -> Pair:
    names = FEATURES if kind == "numeric" else MIXED
    query = f"select {', '.join(names)} from {table(bench, kind)}"
    session = Session(bench, "postgres")
    return Pair(
        lambda: session.seconds(_READ.format(query=query)),
        lambda: bench.rival("read.py", query=query, way=way)["seconds"],
        done=session.close,
    )


@compare("rows into numpy, numeric", "pandas.read_sql in a client", at_least(12))
def numeric_pandas(bench: Bench) -> Pair:
    return _reading(bench, "numeric", "pandas")


@compare("rows into numpy, numeric, ADBC", "ADBC to pandas in a client", at_least(2))
def numeric_adbc(bench: Bench) -> Pair:
    return _reading(bench, "numeric", "adbc")


@compare("rows into numpy, mixed with text and NULLs", "pandas.read_sql in a client", at_least(12))
def mixed_pandas(bench: Bench) -> Pair:
    return _reading(bench, "mixed", "pandas")


@compare(
    "rows into numpy, mixed with text and NULLs, ADBC", "ADBC to pandas in a client", at_least(3.5)
)
def mixed_adbc(bench: Bench) -> Pair:
    return _reading(bench, "mixed", "adbc")
