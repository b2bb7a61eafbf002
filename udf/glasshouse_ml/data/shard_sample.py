"""The sample of a distributed table: its workers read the rows, and only the sample travels."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from glasshouse_ml.core.table import Column, Table
from glasshouse_ml.data.column_buffer import ColumnBuffer, Sampler, batch_table
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.fingerprint import row_hashes
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.data.memory import ROW_BYTES
from glasshouse_ml.data.row_reader import Reader
from glasshouse_ml.data.shards import ShardQuery, State, from_json_array, json_array

SAMPLE = "sample"
# The first limit of the sampler expects so many times the rows that fit: the coordinator halves it
# until they fit, as on one server.
_SURPLUS = 1.5


def read_sample(reader: Reader, shards: ShardQuery | None, max_bytes: int | None) -> Table:
    """As reader.table(max_bytes), with the reading left to the workers where that saves rows.

    The sample is that of one server, because it depends on the values of the rows alone.
    """
    if shards is None or max_bytes is None:
        return reader.table(max_bytes)
    buffer = ColumnBuffer(reader.packing, max_bytes)
    assert buffer.sampler is not None
    width = len(reader.packing.numbers) + len(reader.packing.texts)
    max_rows = max_bytes / (ROW_BYTES * max(width, 1))
    rows = sum(shard.rows for shard in shards.shards)
    while rows / 2 >= _SURPLUS * max_rows:
        rows, buffer.sampler.limit = rows // 2, buffer.sampler.limit // 2
    parameters = {**reader_parameters(reader), "limit": buffer.sampler.limit}
    reader.rows_read = reader.hash_sum = 0
    for state in shards.states(SAMPLE, parameters):
        reader.rows_read += int(state["rows_read"])
        reader.hash_sum = (reader.hash_sum + int(state["hash_sum"])) % 2**64
        texts = from_json_array(state["texts"])
        buffer.add(len(state["numbers"]), state["numbers"], texts, state["keys"])
    return buffer.table()


def sample_shard(db: Database, source: str, parameters: dict[str, Any]) -> State:
    """The rows of a shard whose key is below the limit, and what the fingerprint needs of all."""
    reader = shard_reader(db, source, parameters)
    sampler = Sampler()
    sampler.limit = parameters["limit"]
    rows_read = hash_sum = 0
    matrices = [np.empty((0, len(reader.packing.numbers)))]
    keys_of_rows = [np.empty(0, np.uint64)]
    columns: list[list[str]] = [[] for _ in reader.packing.texts]
    for size, numbers, texts in reader.batches():
        check_interrupts()
        hashes = row_hashes(batch_table(reader.packing, numbers, texts))
        rows_read, hash_sum = rows_read + size, hash_sum + int(hashes.sum(dtype=np.uint64))
        keys = sampler.sampling_keys(hashes)
        selected = np.flatnonzero(keys <= sampler.limit)
        matrices.append(numbers[selected])
        keys_of_rows.append(keys[selected])
        for column, values in zip(columns, texts, strict=True):
            column += [values[row] for row in selected]
    return {
        "rows_read": np.array(rows_read),
        "hash_sum": np.array(hash_sum % 2**64, np.uint64),
        "numbers": np.concatenate(matrices),
        "keys": np.concatenate(keys_of_rows),
        "texts": json_array(columns),
    }


def reader_parameters(reader: Reader) -> dict[str, Any]:
    """What shard_reader() needs of a Reader, as JSON."""
    return {
        "numbers": [asdict(column) for column in reader.packing.numbers],
        "texts": [asdict(column) for column in reader.packing.texts],
        "missing": reader.packing.missing,
    }


def shard_reader(db: Database, source: str, parameters: dict[str, Any]) -> Reader:
    """A Reader of the same columns of a shard, with the same text for NULL.

    `source` is a quoted name.
    """

    def columns(entries: Sequence[dict[str, Any]]) -> list[Column]:
        return [Column(**entry) for entry in entries]

    query = f"select * from {source}"  # noqa: S608
    reader = Reader(db, query, columns(parameters["numbers"]), columns(parameters["texts"]))
    reader.packing = replace(reader.packing, missing=parameters["missing"])
    return reader
