"""Counts of words and n-grams in free text, and matrices that carry their documents."""

from collections import Counter

import numpy as np
import pytest
from glasshouse_ml.data import documents
from glasshouse_ml.data.documents import (
    DocumentCounter,
    documents_of,
    learn_vocabulary,
    ngrams,
    tokenise,
    with_documents,
)

TEXTS = [
    "Wärst du pünktlich? Nein!!",
    "",
    "🎉🎉 50% off — 50% 🎉",
    "明天下雨吗？明天",
    "du du DU",
    "x" * 30_000,
]


def learn(texts: list[str] = TEXTS) -> documents.Vocabulary:
    return learn_vocabulary(texts, np.ones(len(texts), int))


def test_tokens_are_words_and_symbol_runs() -> None:
    assert tokenise("Wärst du DA?? 50% 🎉🎉") == ["wärst", "du", "da", "??", "50", "%", "🎉🎉"]
    assert ngrams("da") == [" d", "da", "a ", " da", "da ", " da "]


def test_counts_equal_counter() -> None:
    result = learn()
    counts = DocumentCounter(result.words, result.ngrams).count(TEXTS)
    for row, text in enumerate(TEXTS):
        tokens = tokenise(text)
        words, pieces = Counter(tokens), Counter(p for token in tokens for p in ngrams(token))
        assert counts.words[[row]].toarray()[0].tolist() == [words[w] for w in result.words]
        assert counts.ngrams[[row]].toarray()[0].tolist() == [pieces[p] for p in result.ngrams]
    # The last row is that of NULL.
    assert counts.words.shape[0] == len(TEXTS) + 1
    assert counts.words[[-1]].nnz == counts.ngrams[[-1]].nnz == 0


def test_most_frequent_terms_come_first_and_rare_ngrams_are_left_out() -> None:
    result = learn_vocabulary(["tea milk", "tea", "zoo"], np.array([1, 3, 1]))
    assert result.words == ["tea", "milk", "zoo"]
    assert set(result.ngrams) == set(ngrams("tea"))
    assert not result.has_rare


def test_texts_without_tokens_give_empty_vocabulary() -> None:
    result = learn(["", " "])
    assert (list(result.words), list(result.ngrams)) == ([], [])
    counts = DocumentCounter(result.words, result.ngrams).count(["anything", ""])
    assert counts.words.shape == (3, 0)


def test_vocabulary_size_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_WORDS", 2)
    monkeypatch.setattr(documents, "MAX_NGRAMS", 3)
    result = learn()
    assert (len(result.words), len(result.ngrams), result.has_rare) == (2, 3, True)
    monkeypatch.setattr(documents, "MAX_LETTERS_OF_NGRAMS", 50)
    assert not learn().ngrams
    assert tokenise("y" * 30_000) == ["y" * documents.MAX_LETTERS]


def test_numpy_array_keeps_documents() -> None:
    result = learn()
    counts = [DocumentCounter(result.words, result.ngrams).count(TEXTS)]
    matrix = with_documents(np.arange(12.0).reshape(6, 2), counts)
    for array in (
        matrix[1:3],
        matrix[[0, 2]],
        matrix[:, [1]],
        np.vstack([matrix, matrix[0]]),
        np.tile(matrix, (2, 1)),
        np.delete(matrix, 0, axis=1),
        np.where(matrix > 3, matrix, np.nan),
        np.where(matrix > 3, np.zeros(2), matrix).reshape(-1, 2),
    ):
        assert documents_of(array) is counts
    array_without_documents = np.ones((2, 2))
    assert type(with_documents(array_without_documents, [])) is np.ndarray
    assert documents_of(array_without_documents) == ()
