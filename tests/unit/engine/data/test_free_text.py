"""Which text columns are free text, and which are categories or keys."""

import uuid

import numpy as np
import pytest
from glasshouse_ml.data.free_text import is_free_text, word_count

RNG = np.random.default_rng(3)
NOUNS = ["parcel", "courier", "invoice", "kettle", "garden", "refund", "ladder", "bicycle"]
CHINESE = "快递昨天没有送到我家门口请问什么时候可以退款谢谢你们的帮助"


def sample_texts(count: int, make: object) -> list[str]:
    return [make(n) for n in range(count)]  # type: ignore[operator]


def sentence(n: int) -> str:
    return f"The {NOUNS[n % 8]} arrived {n} days late and the {NOUNS[n % 5]} was broken"


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (sentence, True),
        (lambda n: f"Herr {NOUNS[n % 8].title()}, Jan Pieter {n}", True),
        (lambda n: f"{n} Mill Lane, Upper {NOUNS[n % 8].title()}", True),
        (lambda n: "".join(RNG.permutation(list(CHINESE))[:20]), True),
        (lambda n: f"AB-{n:04d}-XY", False),
        (lambda n: f"C.A. {n}", False),
        (lambda n: str(uuid.UUID(int=n * 7**40 % 2**128)), False),
        (lambda n: f"https://shop.example/garden/ladders/{n}", False),
        (lambda n: f"person.{n}@mail.example", False),
        (lambda n: f"2026-01-{n % 28 + 1:02d} 10:{n % 60:02d}:00 +01", False),
        (lambda n: f"{NOUNS[n % 8]};{NOUNS[n % 5]};{n}", False),
        (lambda n: f"{n} kg", False),
    ],
)
def test_free_text_is_recognised_by_words(make: object, expected: bool) -> None:
    values = sorted(set(sample_texts(200, make)))
    assert is_free_text(values, 200) == expected


def test_repeated_sentences_are_categories() -> None:
    sentences = [f"I {verb} be happy to buy here again" for verb in ("would", "would not", "may")]
    assert not is_free_text(sentences, 300)
    assert is_free_text(sample_texts(60, sentence), 300)
    assert not is_free_text(sample_texts(59, sentence), 300)
    # Few rows tell nothing.
    assert not is_free_text(sample_texts(19, sentence), 19)


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), ("  ", 0), ("🎉🎉 👍", 0), ("a b c", 0), ("two words", 2), ("x-ray of 12 kg", 3),
     ("你好吗朋友", 2), ("Tokyo 東京タワー", 3)],
)  # fmt: skip
def test_words_are_counted_in_any_script(text: str, count: int) -> None:
    assert word_count(text) == count
