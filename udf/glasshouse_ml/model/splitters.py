"""How rows are dealt out to parts and folds: with an eye on their classes, or without."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

from glasshouse_ml.core.errors import GlasshouseError, count_rows

_FEWER_FOLDS = "Ask for fewer folds, for example options => '{\"folds\": 2}', or give more rows."


def _not_empty(train: np.ndarray, test: np.ndarray) -> None:
    for members, name_of_part in ((train, "training"), (test, "test")):
        if not len(members):
            raise GlasshouseError(
                f"The {name_of_part} part has no row.",
                "Give more rows, or another split or test share.",
            )


class StratifiedSplitter:
    """Every part and fold gets its share of every class."""

    def __init__(self, classes: np.ndarray, names: Sequence[str]) -> None:
        """Classes are positions in names."""
        self.classes, self.names, self.count = classes, names, len(classes)

    def test_mask(self, share: float, seed: int) -> np.ndarray:
        """Each class gives its share of rows to the test part, and at least one."""
        rng = np.random.default_rng(seed)
        is_test = np.zeros(self.count, bool)
        for position in range(len(self.names)):
            members = rng.permutation(np.flatnonzero(self.classes == position))
            test_rows = min(max(1, round(share * len(members))), len(members) - 1)
            is_test[members[: max(test_rows, 0)]] = True
        return is_test

    def check_parts(self, train: np.ndarray, test: np.ndarray) -> None:
        """Two training rows of each class, and two classes to test."""
        _not_empty(train, test)
        in_train = np.bincount(self.classes[train], minlength=len(self.names))
        if (in_train < 2).any():
            name, count = self.names[int(np.argmin(in_train))], int(in_train.min())
            raise GlasshouseError(
                f"Class {name!r} has {count_rows(count)} in the training part; 2 are the least.",
                "Give more rows of it, merge it with another class, or leave it out.",
            )
        if len(np.unique(self.classes[test])) < 2:
            raise GlasshouseError(
                f"The test part has rows of class {self.names[self.classes[test][0]]!r} only.",
                "Give more rows, or another split or test share.",
            )

    def possible_folds(self, train: np.ndarray, folds: int, is_explicit: bool) -> int:
        """No more folds than the smallest class has rows."""
        counts = np.bincount(self.classes[train], minlength=len(self.names))
        smallest = int(counts.min())
        if is_explicit and smallest < folds:
            name = self.names[int(np.argmin(counts))]
            raise GlasshouseError(
                f"Class {name!r} has {count_rows(smallest)} in the training part, "
                f"too few for {folds} folds.",
                f"Ask for at most {smallest} folds, or give more rows of it.",
            )
        return min(folds, smallest)

    def fold_generator(self, folds: int, grouped: bool, seed: int) -> Any:
        """Stratified folds."""
        kind = StratifiedGroupKFold if grouped else StratifiedKFold
        return kind(folds, shuffle=True, random_state=seed)

    def labels(self, name_of_part: np.ndarray) -> np.ndarray:
        """The classes."""
        return self.classes[name_of_part]

    def check_fold(self, fit: np.ndarray, validate: np.ndarray, number: int) -> None:
        """Two classes on both sides."""
        for members, name_of_part in ((fit, "learns from"), (validate, "is validated on")):
            if len(np.unique(self.classes[members])) < 2:
                raise GlasshouseError(
                    f"Fold {number} {name_of_part} rows of one class only.", _FEWER_FOLDS
                )


class RandomSplitter:
    """Rows are alike: dealt out by chance alone."""

    def __init__(self, count: int) -> None:
        """The number of rows is all that matters."""
        self.count = count

    def test_mask(self, share: float, seed: int) -> np.ndarray:
        """A share of the rows, and at least one."""
        is_test = np.zeros(self.count, bool)
        test_rows = min(max(1, round(share * self.count)), self.count - 1)
        is_test[np.random.default_rng(seed).permutation(self.count)[:test_rows]] = True
        return is_test

    def check_parts(self, train: np.ndarray, test: np.ndarray) -> None:
        """Four rows to learn from: two for each side of a fold."""
        _not_empty(train, test)
        if len(train) < 4:
            raise GlasshouseError(
                f"The training part has {count_rows(len(train))}; 4 are the least.",
                "Give more rows.",
            )

    def possible_folds(self, train: np.ndarray, folds: int, is_explicit: bool) -> int:
        """No fold of a single row: most measures mean nothing there."""
        most = len(train) // 2
        if is_explicit and most < folds:
            raise GlasshouseError(
                f"The training part has {count_rows(len(train))}, too few for {folds} folds.",
                f"Ask for at most {most} folds, or give more rows.",
            )
        return min(folds, most)

    def fold_generator(self, folds: int, grouped: bool, seed: int) -> Any:
        """Shuffled folds."""
        return (GroupKFold if grouped else KFold)(folds, shuffle=True, random_state=seed)

    def labels(self, name_of_part: np.ndarray) -> np.ndarray:
        """Nothing to keep in balance."""
        return np.zeros(len(name_of_part), np.int64)

    def check_fold(self, fit: np.ndarray, validate: np.ndarray, number: int) -> None:
        """Two rows on both sides."""
        for members, name_of_part in ((fit, "learns from"), (validate, "is validated on")):
            if len(members) < 2:
                raise GlasshouseError(f"Fold {number} {name_of_part} a single row.", _FEWER_FOLDS)
