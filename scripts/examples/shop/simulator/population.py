"""The state of the customers between two simulated days."""

import io

import numpy as np

# The value of an integer that is not there: no customer, no line, no date.
MISSING = -1

COLUMNS = {
    # Master data. Times are seconds since 1970; the others are positions in the catalogue.
    "signed_up": np.int64,
    "updated": np.int64,
    "country": np.int8,
    "city": np.int8,
    "channel": np.int8,
    "newsletter": np.bool_,
    "line": np.int8,
    "first_name": np.int8,
    "last_name": np.int8,
    # Inputs of the behaviour model: the interest, and the logarithm of the price level of the
    # favourite line at the last purchase.
    "interest": np.float64,
    "log_price": np.float64,
    # The latest valid order, and the line of it that may be returned.
    "ordered_on": np.int32,
    "order": np.int64,
    "return_probability": np.float32,
    "product": np.int32,
    "quantity": np.int32,
    "cents": np.int64,
    "discount": np.int16,
    "method": np.int8,
}


class Population:
    """One array per column, one position per customer; customer_id is the position plus one."""

    def __init__(self, capacity: int = 1024) -> None:
        self.count = 0
        # The highest order_id so far.
        self.orders = 0
        self._columns = {name: np.zeros(capacity, kind) for name, kind in COLUMNS.items()}

    def __getattr__(self, name: str) -> np.ndarray:
        if name not in COLUMNS:
            raise AttributeError(name)
        return self._columns[name][: self.count]

    def add(self, number: int) -> np.ndarray:
        """Add new customers; returns their positions."""
        positions = np.arange(self.count, self.count + number)
        self.count += number
        capacity = len(self._columns["signed_up"])
        if self.count > capacity:
            size = max(self.count, capacity * 3 // 2)
            self._columns = {
                name: np.concatenate([values, np.zeros(size - capacity, values.dtype)])
                for name, values in self._columns.items()
            }
        self.ordered_on[positions] = MISSING
        return positions

    def dump(self) -> bytes:
        """Serialise the population; `load` restores it."""
        file = io.BytesIO()
        arrays = {name: values[: self.count] for name, values in self._columns.items()}
        np.savez_compressed(file, orders=np.array(self.orders), **arrays)
        return file.getvalue()

    @classmethod
    def load(cls, content: bytes) -> "Population":
        """Restore a population from the bytes of `dump`."""
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            population = cls(0)
            population.orders = int(arrays["orders"])
            population._columns = {name: arrays[name] for name in COLUMNS}
            population.count = len(arrays["signed_up"])
        return population
