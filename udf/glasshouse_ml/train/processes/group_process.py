"""The groups of ml.train_groups, trained in the session or in several processes.

Run as a program, the module is one of these processes.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import NamedTuple

import numpy as np

from glasshouse_ml.core.model import Model
from glasshouse_ml.core.request import Request
from glasshouse_ml.core.table import Table, TextColumn
from glasshouse_ml.data import threads
from glasshouse_ml.data.processes import Work, serve
from glasshouse_ml.registry.artifacts import pack, unpack
from glasshouse_ml.registry.groups import TrainedGroup
from glasshouse_ml.train.processes.group_model import GroupedVersion, group_request, train_or_pool


class GroupRows(NamedTuple):
    """A group by its value in the matrix, and its rows."""

    value: float
    table: Table


class GroupJob:
    """Trains groups of a version."""

    def __init__(self, grouped: GroupedVersion, request: Request) -> None:
        """The request is the one that has read the rows."""
        self.grouped, self.request = grouped, request

    def compute(self, group: GroupRows) -> TrainedGroup:
        """The group, trained in the session."""
        return train_or_pool(self.grouped, self.request, group.value, group.table)

    def work(self) -> Work:
        """The version, for the processes."""
        facts = [self.grouped.facts, self.grouped.feature.name]
        return Work(__name__, [pack(self.grouped.stored), json.dumps(facts).encode()])

    def message(self, group: GroupRows) -> list[bytes]:
        """The rows of the group."""
        value, table = group
        arrays = [*table.numbers.values(), *(column.codes for column in table.texts.values())]
        facts = {
            "value": value,
            "rows": table.rows,
            "numbers": list(table.numbers),
            "levels": {name: column.levels for name, column in table.texts.items()},
            "types": [array.dtype.str for array in arrays],
        }
        return [json.dumps(facts).encode(), *(array.tobytes() for array in arrays)]

    def result(self, group: GroupRows, reply: Sequence[bytes]) -> TrainedGroup:
        """The group, trained by a process."""
        facts, content = reply
        has_model, fields = json.loads(facts)
        return TrainedGroup(**fields, content=content if has_model else None)


def _start(setup: Sequence[bytes]) -> Callable[[Sequence[bytes]], list[bytes]]:
    content, facts = setup
    # The session has verified the signature of the version, and packed it again.
    stored = unpack(content)
    assert isinstance(stored, Model)
    version, name = json.loads(facts)
    feature = next(feature for feature in stored.features if feature.name == name)
    grouped = GroupedVersion(version, stored, feature)
    request = group_request(version, version["query"])
    threads.set_thread_limit(1)

    def reply_to(message: Sequence[bytes]) -> list[bytes]:
        return _reply(train_or_pool(grouped, request, *_group_rows(message)))

    return reply_to


def _group_rows(message: Sequence[bytes]) -> GroupRows:
    facts, arrays = json.loads(message[0]), message[1:]
    # Writable, as the rows that a session has read.
    columns: list[np.ndarray] = [
        np.ndarray(facts["rows"], kind, bytearray(content))
        for kind, content in zip(facts["types"], arrays, strict=True)
    ]
    numbers = dict(zip(facts["numbers"], columns, strict=False))
    codes = columns[len(numbers) :]
    texts = {
        name: TextColumn(column, levels)
        for (name, levels), column in zip(facts["levels"].items(), codes, strict=True)
    }
    return GroupRows(facts["value"], Table(facts["rows"], numbers, texts))


def _reply(trained: TrainedGroup) -> list[bytes]:
    fields = asdict(trained)
    content = fields.pop("content")
    return [json.dumps([content is not None, fields]).encode(), content or b""]


if __name__ == "__main__":
    serve(_start)
