"""A fake database that keeps the rows of one query in memory."""

import json
import struct
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from glasshouse_ml.core.table import Column
from glasshouse_ml.data.database import ArraySizes
from glasshouse_ml.data.packing import Packing
from glasshouse_ml.registry.versions import Version
from glasshouse_ml.use.predict import Batch, predict_batches

_TYPES = {
    bool: ("boolean", "bool", "B"),
    int: ("integer", "int4", "N"),
    float: ("double precision", "float8", "N"),
    str: ("text", "text", "S"),
    date: ("date", "date", "D"),
    datetime: ("timestamp without time zone", "timestamp", "D"),
    dict: ("jsonb", "jsonb", "U"),
    list: ("double precision[]", "_float8", "A"),
}
_INSTANT = ("timestamp with time zone", "timestamptz", "D")
_EPOCH = datetime(1970, 1, 1)


class StandIn:
    """What glasshouse_ml.data.database.Database offers, without Postgres. Every query is `rows`."""

    def __init__(self, rows: list[dict[str, Any]], raw: bool = True) -> None:
        """Rows are dictionaries of equal keys; None is NULL."""
        self.rows = rows
        self.raw = raw
        self.session: dict = {}
        self.notices: list[str] = []
        self.checkpoints = 0
        self.recorded: list[dict[str, Any]] = []
        self.artifacts: list[bytes] = []
        self.signatures: list[bytes] = []
        self.groups: dict[tuple[str, int, str], dict[str, bytes]] = {}
        self.loaded_groups: list[str] = []
        self.profiles: list[dict[str, Any]] = []
        self.results: list[tuple[str, int, list[dict[str, Any]]]] = []

    def columns(self, query: str) -> list[Column]:
        """The type of a column is that of its first value."""
        names = self.rows[0] if self.rows else {}
        return [Column.of_type(name, *self._type(name)) for name in names]

    def _type(self, name: str) -> tuple[str, str, str]:
        value = next((r[name] for r in self.rows if r[name] is not None), "")
        is_instant = isinstance(value, datetime) and value.tzinfo is not None
        return _INSTANT if is_instant else _TYPES[type(value)]

    def fetch_packed(self, query: str, packing: Packing, size: int) -> Iterator[list[dict]]:
        """The rows as Postgres would pack them."""
        for start in range(0, len(self.rows), size):
            yield [self._pack(row, packing) for row in self.rows[start : start + size]]

    def _pack(self, row: dict[str, Any], packing: Packing) -> dict[str, Any]:
        numbers = [_number(_value(row, column)) for column in packing.numbers]
        texts = [_text(_value(row, column), packing.missing) for column in packing.texts]
        if packing.raw:
            content = struct.pack(f"<{len(numbers)}d", *numbers)
        else:
            content = bytes(20) + b"".join(struct.pack(">id", 8, number) for number in numbers)
        return {"numbers": content, "texts": packing.separator.join(texts)}

    def array_sizes(self, query: str, arrays: list[str]) -> dict[str, ArraySizes]:
        """Lists are plain."""
        result = {}
        for name in arrays:
            lengths = [len(row[name]) for row in self.rows if row[name]] or [0]
            result[name] = ArraySizes(min(lengths), max(lengths))
        return result

    def raw_bytes_work(self) -> bool:
        """As told."""
        return self.raw

    def execute(self, statement: str, types: tuple = (), values: tuple = ()) -> list[dict]:
        """Whether there is Citus: no."""
        assert "pg_extension" in statement
        return []

    def call(self, statement: str, types: tuple = (), values: tuple = ()) -> list[dict]:
        """The statements of registry.py, told apart by what is special about each."""
        if "record_version" in statement:
            payload = json.loads(values[0])
            status = payload["status"]
            for earlier in self.recorded if status == "champion" else ():
                if earlier["version"]["status"] == "champion":
                    earlier["version"]["status"] = "archived"
            payload["version"] |= {"status": status}
            self.recorded.append(payload)
            self.artifacts.append(values[1])
            self.signatures.append(values[2])
            return [self._version(payload)]
        if "record_groups" in statement:
            model, number, names, contents, signatures, metrics, replaced = values
            self._remove_groups(model, number, json.loads(replaced) or {})
            for name, content, signature in zip(names, contents, signatures, strict=True):
                self.groups[model, number, name] = {"content": content, "signature": signature}
            self.recorded[number - 1]["metrics"] += json.loads(metrics)
            return []
        if "group_artifacts" in statement:
            model, number, names = values
            column = "content" if "content" in statement else "signature"
            present = [name for name in names if (model, number, name) in self.groups]
            if column == "content":
                self.loaded_groups += present
            return [
                {"group": name, column: self.groups[model, number, name][column]}
                for name in present
            ]
        if "malformed_versions" in statement:
            return []
        if "order by version desc" in statement:
            return [self._version(p) for p in reversed(self.recorded)][:1]
        if "select model, version, status" in statement:
            names = ("model", "version", "status")
            return [{name: p["version"][name] for name in names} for p in self.recorded]
        if "select content" in statement:
            place = values[1] - 1
            return [{"content": self.artifacts[place], "signature": self.signatures[place]}]
        if "signature" in statement:
            number = values[1] or self._champion()
            if not 1 <= number <= len(self.recorded):
                return []
            return [{"version": number, "signature": self.signatures[number - 1]}]
        if "to_jsonb(versions)" in statement:
            version = values[1] or self._champion()
            result = self.recorded[version - 1 : version] if version else []
            return [{"facts": json.dumps(payload["version"])} for payload in result]
        if "record_profile" in statement:
            self.profiles.append(json.loads(values[0]))
            return []
        if "record_drift" in statement or "record_contest" in statement:
            self.results.append((values[0], values[1], json.loads(values[2])))
            return []
        if "curve = 'calibration'" in statement:
            curve = self.recorded[values[1] - 1]["curves"]
            points = [row for row in curve if row["curve"] == "calibration"]
            points = [row for row in points if row["series"] == values[2] and row["n"]]
            return sorted(points, key=lambda row: row["x"])
        if ".residuals" in statement:
            return self.recorded[values[1] - 1]["residuals"]
        if ".curves" in statement:
            return [
                {"lower": row["x"], "category": None, "bin_type": "range", "n": float(row["n"])}
                for row in self.recorded[values[1] - 1]["curves"]
                if row["curve"] == "score_overall"
            ]
        if ".distributions" in statement:
            return self._bins(self.recorded[values[1] - 1])
        if "reserve_version" in statement:
            return [{"version": len(self.recorded) + 1}]
        raise AssertionError(f"The stand-in does not know: {statement}")

    def _remove_groups(self, model: str, number: int, replaced: dict[str, dict]) -> None:
        """Put the new entries of groups, by segment, in place of all that is known of them."""
        payload = self.recorded[number - 1]
        entries = {entry["group"]: entry for entry in payload["version"].get("groups") or ()}
        for entry in replaced.values():
            entries[entry["group"]] = entry
            self.groups.pop((model, number, entry["group"]), None)
        if replaced:
            payload["version"]["groups"] = list(entries.values())
        others = [row for row in payload["metrics"] if row["segment"] not in replaced]
        payload["metrics"] = others

    def _bins(self, payload: dict[str, Any]) -> list[dict[str, Any]]:
        """The bins of each feature, without the classes."""
        result: dict[tuple, dict[str, Any]] = {}
        for row in payload["distributions"]:
            empty = {**row, "lower": row.get("lower"), "category": row.get("category"), "n": 0}
            result.setdefault((row["feature"], row["bin"]), empty)["n"] += row["n"]
        return [result[place] for place in sorted(result)]

    def _champion(self) -> int:
        """Its number; 0 where there is none."""
        states = [payload["version"]["status"] for payload in self.recorded]
        return states.index("champion") + 1 if "champion" in states else 0

    def _version(self, payload: dict[str, Any]) -> dict[str, Any]:
        return {name: payload["version"][name] for name in Version.__dataclass_fields__}

    def changed_settings(self) -> frozenset[str]:
        """Values become texts here, under no settings."""
        return frozenset()

    def quote_identifier(self, identifier: str) -> str:
        """As PostgreSQL quotes a name that needs it."""
        return '"' + identifier.replace('"', '""') + '"'

    def quote_literal(self, value: str) -> str:
        """As PostgreSQL quotes a text."""
        return "'" + value.replace("'", "''") + "'"

    def setting(self, name: str) -> str | None:
        """No setting is set."""
        return None

    def notice(self, message: str) -> None:
        """Kept for the test to look at."""
        self.notices.append(message)

    def check_interrupts(self) -> None:
        """Counted."""
        self.checkpoints += 1


def _value(row: dict[str, Any], column: Column) -> Any:
    """As Postgres: a position that an array does not have is NULL."""
    if not column.of:
        return row[column.name]
    values = row[column.of] or []
    return values[column.place - 1] if column.place <= len(values) else None


def _number(value: Any) -> float:
    if value is None:
        return float("nan")
    if isinstance(value, datetime):
        epoch = _EPOCH if value.tzinfo is None else _EPOCH.replace(tzinfo=UTC)
        return (value - epoch).total_seconds() / 86_400
    if isinstance(value, date):
        return float((value - _EPOCH.date()).days)
    return float(value)


def _text(value: Any, missing: str) -> str:
    if value is None:
        return missing
    if isinstance(value, dict):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def predict(db: StandIn, model: str, query: str, version: int | None) -> Iterator[tuple]:
    """Key, prediction, score and probabilities row by row, as the SQL of ml.predict makes them."""
    batches = predict_batches(db, model, query, version)
    return (row for batch in batches for row in _rows(batch))


def _rows(batch: Batch) -> Iterator[tuple]:
    def texts(text: str | None) -> list[str | None]:
        if text is None:
            return [None] * len(scores)
        return [None if t == batch.missing else t for t in text.split(batch.separator)]

    scores = _numbers(batch.scores, batch.raw).tolist()
    predictions = (
        [repr(s) for s in scores] if batch.scores_are_predictions else texts(batch.predictions)
    )
    documents: list[str | None] = [None] * len(scores)
    if batch.names is not None:
        shares = _numbers(batch.probabilities, batch.raw).reshape(len(scores), -1).tolist()
        documents = [json.dumps(dict(zip(batch.names, row, strict=True))) for row in shares]
    return zip(texts(batch.keys), predictions, scores, documents, strict=True)


def _numbers(content: bytes | None, raw: bool) -> np.ndarray:
    assert content is not None
    return np.frombuffer(content) if raw else np.array(json.loads(f"[{content.decode()[1:-1]}]"))
