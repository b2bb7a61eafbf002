"""`make compare`: which versions are compared, and what is said of their scores."""

import pytest

from scripts.add.comparison import Version, comparison
from scripts.errors import UserError

BASE_COMMIT, BRANCH_COMMIT = "a" * 40, "b" * 40


def version(number: int, score: float, commit: str, model: str = "titanic", **changes) -> Version:
    values = {
        "status": "champion", "algorithm": "ridge", "metric": "roc_auc", "lower": score - 0.02,
        "upper": score + 0.02, "test_rows": 178, "is_random": False,
        "columns": "", "higher_is_better": True,
    }  # fmt: skip
    return Version(model, number, commit=commit[:12], score=score, **(values | changes))


def change(*versions: Version, developer: str = "") -> str:
    """The last cell of the only row."""
    (row,) = comparison(list(versions), [BASE_COMMIT], "main", developer).splitlines()[2:]
    return row.split("|")[-2].strip()


BEFORE = version(1, 0.80, BASE_COMMIT)


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (version(2, 0.85, BRANCH_COMMIT), "+0.05, better"),
        (version(2, 0.79, BRANCH_COMMIT), "-0.01, worse, within the interval of the base"),
        (version(2, 0.80, BRANCH_COMMIT), "none"),
        (version(2, 0.7, BRANCH_COMMIT, metric="accuracy"), "not comparable: roc_auc before"),
        (
            version(2, 0.9, BRANCH_COMMIT, is_random=True, columns="other"),
            "+0.1, better; other test rows, because the split is random: see make contest",
        ),
        (
            version(2, 0.9, BRANCH_COMMIT, test_rows=170),
            "+0.1, better; other test rows (178 before, 170 now)",
        ),
    ],
)
def test_newest_version_is_compared_with_newest_of_base(after: Version, words: str) -> None:
    assert change(after, BEFORE, version(0, 0.1, BASE_COMMIT)) == words


def test_smaller_loss_is_better() -> None:
    after = version(2, 0.5, BRANCH_COMMIT, higher_is_better=False)
    assert change(after, BEFORE).endswith("better")


def test_version_of_uncommitted_files_is_not_of_base() -> None:
    assert change(version(2, 0.9, "")) == "new"
    assert change(BEFORE) == "none: the same version"
    uncommitted_version = Version(
        **{**vars(BEFORE), "version": 2, "commit": f"{BASE_COMMIT[:12]}-dirty"}
    )
    assert change(uncommitted_version, BEFORE) == "none"


def test_developer_models_are_compared_with_shared_ones() -> None:
    own = version(1, 0.9, BRANCH_COMMIT, model="ada.titanic")
    other = version(1, 0.2, BRANCH_COMMIT, model="bob.titanic")
    assert change(own, BEFORE, other, developer="ada") == "+0.1, better"
    with pytest.raises(UserError, match="no version of this branch"):
        comparison([BEFORE], [BASE_COMMIT], "main", "eve")
