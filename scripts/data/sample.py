"""The data a new house comes with: scikit-learn's Wisconsin breast-cancer table."""

import csv
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg2

from scripts.data.load import load_files

TABLE = "breast_cancer"


def load_sample(dsn: dict[str, Any], folder: Path) -> str:
    """Load csv.breast_cancer unless it is there already; says what was done.

    `folder`: where the CSV file is written; it stays there to look at.
    """
    source = f"scikit-learn {version('scikit-learn')}: Wisconsin diagnostic breast cancer"
    if _comment(dsn).startswith(source):
        return "already there"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{TABLE}.csv"
    _write(path)
    return str(load_files(dsn, [path], TABLE, source=source))


def _comment(dsn: dict[str, Any]) -> str:
    connection = psycopg2.connect(**dsn)
    try:
        with connection.cursor() as cursor:
            cursor.execute("select obj_description(to_regclass(%s))", [f"csv.{TABLE}"])
            return cursor.fetchone()[0] or ""
    finally:
        connection.close()


def _write(path: Path) -> None:
    # Only here: the import takes a second, and most starts do not need it.
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", *data.feature_names, "diagnosis"])
        for number, (measurements, kind) in enumerate(zip(data.data, data.target, strict=True), 1):
            writer.writerow([number, *map(float, measurements), data.target_names[kind]])
