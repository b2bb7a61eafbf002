"""A finding of `check`: which file, what is wrong, what to do."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """One finding, printed as one line."""

    file: str
    what: str
    do: str

    def __str__(self) -> str:
        what = " ".join(self.what.split()).rstrip(".")
        return f"{self.file}: {what}; {self.do}"
