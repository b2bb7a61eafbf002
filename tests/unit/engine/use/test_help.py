"""ml.help shows the comments of the functions and nothing of its own."""

import pytest
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


def test_a_line_for_each_function() -> None:
    assert help_rows(Catalogue(), None) == [
        ("algorithms", "ml.algorithms()", "What there is.", None),
        ("train", "ml.train(model text)", "Trains a model.", "select 'a. b'"),
    ]


@pytest.mark.parametrize("topic", ["train", " ML.train ", "ml.train(model => 'x')"])
def test_all_about_one(topic: str) -> None:
    ((name, _, about, example),) = help_rows(Catalogue(), topic)
    assert name == "train"
    assert about == "Trains a model. Reads rows.\n\n  model text: Name"
    assert example == "select 'a. b'"


@pytest.mark.parametrize(("topic", "hint"), [("trian", "train"), ("", "Known"), ("rawbytes", "")])
def test_an_unknown_topic_gets_the_near_ones(topic: str, hint: str) -> None:
    with pytest.raises(GlasshouseError, match="no help on") as caught:
        help_rows(Catalogue(), topic)
    assert hint in caught.value.hint
