"""A column as a model knows it: what was learned of it from the training rows."""

from dataclasses import dataclass

from glasshouse_ml.core.table import CATEGORY, LIST, TEXT

# The code of a category that the training rows did not have.
UNSEEN = -1.0


@dataclass(frozen=True)
class Feature:
    """A column the model learns from; the code of a category is its position."""

    name: str
    type: str
    kind: str
    categories: tuple[str, ...] = ()
    has_rare: bool = False  # there were more categories, or words, than fit
    of: str = ""  # the array of which it is a position
    place: int = 0
    length: int = 0  # of every array in training, where all were as long
    words: tuple[str, ...] = ()  # of a free text; the items of a list
    ngrams: tuple[str, ...] = ()
    separator: str = ""  # between the items of a list
    calendar_parts: tuple[str, ...] = ()  # of a date, see data/calendar_parts.py

    @property
    def has_documents(self) -> bool:
        """Whether its cells are positions in documents: the terms of a text, or of a list."""
        return self.kind in (TEXT, LIST)

    @property
    def is_textual(self) -> bool:
        """Whether its values are read as texts."""
        return self.kind in (CATEGORY, TEXT, LIST)

    @property
    def column_kind(self) -> str:
        """The kind of the columns it can be read from; the training rows tell lists apart."""
        return CATEGORY if self.is_textual else self.kind

    def codes(self) -> dict[str, float]:
        """The code of each category."""
        return {category: float(code) for code, category in enumerate(self.categories)}

    @property
    def other(self) -> float:
        """The code of any other text: a rare one is like the rare ones met in training."""
        return float(len(self.categories)) if self.has_rare else UNSEEN
