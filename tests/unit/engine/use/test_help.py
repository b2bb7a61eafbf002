"""ml.help shows the comments of the functions, and the table of checks."""

import pytest
from glasshouse_ml.checks.table import CHECKS
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.use.help import help_rows

COMMENT = "Trains a model. Reads rows.\n\n  model text: Name\n\nExample: select 'a. b'"


class Catalogue:
    def call(self, *_: object) -> list[dict[str, str]]:
        return [
            {"name": "algorithms", "call": "ml.algorithms()", "comment": "What there is."},
            {"name": "rawbytes", "call": "ml.rawbytes()", "comment": "Internal: bytes"},
            {"name": "train", "call": "ml.train(model text)", "comment": COMMENT},
        ]


def test_help_has_line_for_each_function() -> None:
    checks = help_rows(Catalogue(), None).pop(1)
    assert checks[0] == "checks"
    assert [row for row in help_rows(Catalogue(), None) if row != checks] == [
        ("algorithms", "ml.algorithms()", "What there is.", None),
        ("train", "ml.train(model text)", "Trains a model.", "select 'a. b'"),
    ]


@pytest.mark.parametrize("topic", ["train", " ML.train ", "ml.train(model => 'x')"])
def test_help_of_one_function(topic: str) -> None:
    ((name, _, about, example),) = help_rows(Catalogue(), topic)
    assert name == "train"
    assert about == "Trains a model. Reads rows.\n\n  model text: Name"
    assert example == "select 'a. b'"


@pytest.mark.parametrize(("topic", "hint"), [("trian", "train"), ("", "Known"), ("rawbytes", "")])
def test_unknown_topic_lists_similar_names(topic: str, hint: str) -> None:
    with pytest.raises(GlasshouseError, match="no help on") as caught:
        help_rows(Catalogue(), topic)
    assert hint in caught.value.hint


def test_each_check_has_explanation() -> None:
    rows = help_rows(Catalogue(), "checks")
    assert [row[0] for row in rows] == [entry.code for entry in CHECKS]
    assert all(entry.meaning in row[2] for entry, row in zip(CHECKS, rows, strict=True))
    assert help_rows(Catalogue(), "ml.target_leakage") == [rows[0]]
