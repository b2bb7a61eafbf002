"""What the rivals' scripts share: their arguments, the database's address, and reading rows."""

import json
import os
import sys
import time
from urllib.parse import quote

ARGUMENTS = json.load(sys.stdin)
DSN = json.loads(os.environ["BENCH_DSN"])


def address(driver: str = "postgresql") -> str:
    """The database as a URL."""
    user, password = quote(DSN["user"]), quote(DSN["password"], safe="")
    return f"{driver}://{user}:{password}@{DSN['host']}:{DSN['port']}/{DSN['dbname']}"


def read(query: str, way: str):
    """The rows as a pandas frame."""
    import pandas

    if way == "pandas":
        from sqlalchemy import create_engine

        with create_engine(address("postgresql+psycopg2")).connect() as connection:
            return pandas.read_sql(query, connection)
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(address()) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetch_df()


def seconds(work) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def peak_mb() -> float:
    """The largest memory this process used, in MiB."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def answer(**numbers: float) -> None:
    """Hand the numbers back."""
    print(json.dumps(numbers))
