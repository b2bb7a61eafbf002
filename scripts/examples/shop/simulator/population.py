"""Everything the simulator remembers of its customers from one day to the next."""

import io

import numpy as np

NOBODY = -1

COLUMNS = {
    # Who they are. Times are seconds since 1970; places and names are positions in the catalogue.
    "signed_up": np.int64,
    "updated": np.int64,
    "country": np.int8,
    "city": np.int8,
    "channel": np.int8,
    "newsletter": np.bool_,
    "line": np.int8,
    "first_name": np.int8,
    "last_name": np.int8,
    # What moves them (see law.py): their interest, and the logarithm of their line's price level
    # when they last bought.
    "interest": np.float64,
    "paid": np.float64,
    # Their latest valid order and the line of it that might come back.
    "ordered_on": np.int32,
    "order": np.int64,
    "return_chance": np.float32,
    "product": np.int32,
    "quantity": np.int32,
    "cents": np.int64,
    "discount": np.int16,
    "method": np.int8,
}


class Population:
    """One array a column, one place a customer; customer_id is the place plus one."""

    def __init__(self, capacity: int = 1024) -> None:
        self.count = 0
        # The highest order_id given so far.
        self.orders = 0
        self._columns = {name: np.zeros(capacity, kind) for name, kind in COLUMNS.items()}

    def __getattr__(self, name: str) -> np.ndarray:
        if name not in COLUMNS:
            raise AttributeError(name)
        return self._columns[name][: self.count]

    def add(self, number: int) -> np.ndarray:
        """Room for that many new customers; gives their places."""
        places = np.arange(self.count, self.count + number)
        self.count += number
        capacity = len(self._columns["signed_up"])
        if self.count > capacity:
            size = max(self.count, capacity * 3 // 2)
            self._columns = {
                name: np.concatenate([values, np.zeros(size - capacity, values.dtype)])
                for name, values in self._columns.items()
            }
        self.ordered_on[places] = NOBODY
        return places

    def dump(self) -> bytes:
        """All of it as bytes; `load` gives the same again."""
        file = io.BytesIO()
        arrays = {name: values[: self.count] for name, values in self._columns.items()}
        np.savez_compressed(file, orders=np.array(self.orders), **arrays)
        return file.getvalue()

    @classmethod
    def load(cls, dumped: bytes) -> "Population":
        """From the bytes of `dump`."""
        with np.load(io.BytesIO(dumped), allow_pickle=False) as arrays:
            population = cls(0)
            population.orders = int(arrays["orders"])
            population._columns = {name: arrays[name] for name in COLUMNS}
            population.count = len(arrays["signed_up"])
        return population
