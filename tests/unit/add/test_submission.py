"""What `make submission` writes into each column of a sample file."""

import pytest

from scripts.add.submission_columns import Prediction, Target, target_columns
from scripts.data.names import snake_case
from scripts.errors import UserError

SURVIVED = Target("survived", "bigint", "classification", ["0", "1"], "1")
CHURN = Target("churn", "text", "classification", ["No", "Yes"], "Yes")
RETURNED = Target("returned", "boolean", "classification", ["false", "true"], "true")
GRADE = Target("grade", "text", "classification", ["A", "B", "C+"], "")
PRICE = Target("price", "double precision", "regression", [], "")


def values(target: Target, prediction: Prediction, header: str, sample: list[str]) -> list[str]:
    """The row that is written for a prediction; the columns after Id have the sample's values."""
    names = ["Id", *header.split(",")]
    rows = [["7", *row.split(",")] for row in sample]
    columns, _ = target_columns(target, names, list(map(snake_case, names)), rows, 0)
    return [columns[position](prediction) for position in range(1, len(names))]


@pytest.mark.parametrize(
    ("target", "label", "sample", "expected"),
    [
        (SURVIVED, "1", ["0", "1"], "1"),
        (SURVIVED, "1", ["0", "0"], "1"),
        (SURVIVED, "1", ["0.5", "0.5"], "0.75"),
        (SURVIVED, "1", ["0.0", "0.0"], "0.75"),
        (SURVIVED, "1", [""], "1"),
        (CHURN, "Yes", ["No", "No"], "Yes"),
        (CHURN, "Yes", ["0", "0"], "0.75"),
        (RETURNED, "true", ["False", "True"], "True"),
        (RETURNED, "true", ["0", "1"], "1"),
        (RETURNED, "false", ["TRUE"], "FALSE"),
        (RETURNED, "true", ["0.5"], "0.75"),
        (PRICE, "12.5", ["0", "1"], "12.5"),
        (GRADE, "B", ["0.1"], "B"),
    ],
)
def test_target_column_holds_labels_or_probabilities(
    target: Target, label: str, sample: list[str], expected: str
) -> None:
    assert values(target, Prediction(label, 0.75), target.name, sample) == [expected]


def test_class_column_holds_probability() -> None:
    of_three = Prediction("B", 0.7, {"A": 0.2, "B": 0.7, "C+": 0.1})
    assert values(GRADE, of_three, "Grade_A,B,C+", ["0,0,0"]) == ["0.2", "0.7", "0.1"]
    assert values(CHURN, Prediction("No", 0.25), "No,yes", ["0,0"]) == ["0.75", "0.25"]


@pytest.mark.parametrize(("header", "message"), [("rating", "neither the target nor a class")])
def test_unknown_column_is_refused(header: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        values(CHURN, Prediction("No", 0.25), header, ["0"])
    with pytest.raises(UserError, match="no column for the predictions"):
        target_columns(CHURN, ["Id"], ["id"], [["7"]], 0)


def test_classes_that_differ_in_signs_or_case_only() -> None:
    marks = Target("mark", "text", "classification", ["A", "A+", "A-", "a"], "")
    prediction = Prediction("A+", 0.4, {"A": 0.3, "A+": 0.4, "A-": 0.2, "a": 0.1})
    assert values(marks, prediction, "A+,A,mark_A-,a", ["0,0,0,0"]) == ["0.4", "0.3", "0.2", "0.1"]
    signs = Target("sign", "bigint", "classification", ["-1", "1"], "1")
    assert values(signs, Prediction("1", 0.7), "1,-1", ["0,0"]) == ["0.7", "0.3"]
    with pytest.raises(UserError, match=r"classes A and A\+ and A-"):
        values(marks, prediction, "A *", ["0"])


def test_header_means_the_column_that_was_loaded_from_it() -> None:
    target = Target("column_2", "bigint", "classification", ["0", "1"], "1")
    columns, _ = target_columns(target, ["Id", "値"], ["id", "column_2"], [["7", "0"]], 0)
    assert columns[1](Prediction("1", 0.7)) == "1"
