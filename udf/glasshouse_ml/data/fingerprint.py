"""An order of the rows that depends on their values, and the fingerprint of a table.

Postgres returns rows in any order. Sorting them by a hash of their values makes every later step
(split, folds, fit, fingerprint) the same for the same rows.
"""

import hashlib
import json
from typing import Any

import numpy as np

from glasshouse_ml.core.table import Table
from glasshouse_ml.data.interrupts import check_interrupts

# Texts that are hashed between two looks for interrupts.
_LEVELS = 1_000


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=8).digest()


def _hash64(text: str) -> int:
    return int.from_bytes(_digest(text), "little")


def mix(values: np.ndarray) -> np.ndarray:
    """Mix the bits of 64-bit numbers (the finaliser of splitmix64)."""
    values = values ^ (values >> np.uint64(30))
    values = values * np.uint64(0xBF58476D1CE4E5B9)
    values = values ^ (values >> np.uint64(27))
    values = values * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def text_hashes(levels: list[str], codes: np.ndarray) -> np.ndarray:
    """A 64-bit hash of the text of each row; the same in every session and on every machine."""
    digests = []
    for start in range(0, len(levels), _LEVELS):
        check_interrupts()
        digests += [_digest("=" + level) for level in levels[start : start + _LEVELS]]
    digests.append(_digest(""))
    return np.frombuffer(b"".join(digests), "<u8").astype(np.uint64)[codes]


def row_hashes(table: Table) -> np.ndarray:
    """A 64-bit hash of each row over all columns, whatever their order."""
    total = np.zeros(table.rows, np.uint64)
    for name, values in table.numbers.items():
        check_interrupts()
        # Equal values get equal bits: no negative zero, one kind of NaN.
        canonical = np.where(np.isnan(values), np.nan, values + 0.0)
        total += mix(canonical.view(np.uint64) ^ np.uint64(_hash64("number " + name)))
    for name, texts in table.texts.items():
        hashes = text_hashes(texts.levels, texts.codes)
        total += mix(hashes ^ np.uint64(_hash64("text " + name)))
    return mix(total)


def sort_rows(table: Table) -> str:
    """Sort a table in place by the hash of its rows; its fingerprint."""
    hashes = row_hashes(table)
    order = np.argsort(hashes, kind="stable")
    names = sorted(["n " + name for name in table.numbers] + ["t " + name for name in table.texts])
    digest = hashlib.sha256(json.dumps(names).encode())
    digest.update(hashes[order].astype("<u8").tobytes())
    check_interrupts()
    table.reorder(order)
    return digest.hexdigest()


def fingerprint(facts: Any) -> str:
    """The SHA-256 of a value that can be written as JSON."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
