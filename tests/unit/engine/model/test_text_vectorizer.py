"""TF-IDF in the Pipeline equals scikit-learn's vectorizer."""

import numpy as np
import pytest
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.table import CATEGORY, NUMBER, TEXT
from glasshouse_ml.data.documents import (
    DocumentCounter,
    learn_vocabulary,
    ngrams,
    tokenise,
    with_documents,
)
from glasshouse_ml.model.algorithms import CATALOGUE, find_algorithm
from glasshouse_ml.model.assembly import build_pipeline
from glasshouse_ml.model.text_vectorizer import TextVectorizer
from glasshouse_ml.registry.artifacts import pack, unpack
from sklearn.feature_extraction.text import TfidfVectorizer

TEXTS = [
    "the courier was late again",
    "late, late, late!! 😡",
    "the parcel was early 😀 and the courier nice",
    "",
    "Nice parcel. Again!",
    "early and nice",
]


def column(texts: list[str], missing: tuple[int, ...] = ()) -> np.ndarray:
    """A column of texts with the vocabulary of all of TEXTS."""
    result = learn_vocabulary(TEXTS, np.ones(len(TEXTS), int))
    counts = DocumentCounter(result.words, result.ngrams).count(texts)
    cells = np.arange(float(len(texts)))
    cells[list(missing)] = np.nan
    return with_documents(cells[:, None], [counts])


def reference(analyzer: object, training: list[str], texts: list[str]) -> np.ndarray:
    vectorizer = TfidfVectorizer(analyzer=analyzer, sublinear_tf=True, min_df=2)
    return vectorizer.fit(training).transform(texts).toarray()


def test_values_equal_scikit_learn() -> None:
    pieces = lambda text: [piece for token in tokenise(text) for piece in ngrams(token)]  # noqa: E731
    training = column(TEXTS)[:4]
    result = TextVectorizer(0).fit(training).transform(column(TEXTS)).toarray()
    expected = np.hstack([reference(a, TEXTS[:4], TEXTS) for a in (tokenise, pieces)])
    # The columns may stand in another order, and the first one says that there is no term.
    assert result.shape[1] == 1 + expected.shape[1]
    np.testing.assert_array_equal(result[:, 0], [0, 0, 0, 1, 0, 0])
    np.testing.assert_allclose(result[:, 1:] @ result[:, 1:].T, expected @ expected.T, atol=1e-12)
    np.testing.assert_allclose(np.sort(result[:, 1:].sum(axis=0)), np.sort(expected.sum(axis=0)))


def test_vocabulary_comes_from_fit_rows_only() -> None:
    vectorizer = TextVectorizer(0).fit(column(TEXTS)[:3])
    other = TextVectorizer(0).fit(column([*TEXTS[:3], "early early early"])[:3])
    new = column(["early parcel"])
    np.testing.assert_array_equal(
        vectorizer.transform(new).toarray(), other.transform(new).toarray()
    )
    # "parcel" is in one of these rows only.
    assert vectorizer.transform(column(["parcel"])).toarray()[0, 1:].max() < 1


@pytest.mark.parametrize("dimensions", [0, 4])
def test_missing_empty_and_unknown_texts(dimensions: int) -> None:
    vectorizer = TextVectorizer(0, dimensions).fit(column(TEXTS))
    result = vectorizer.transform(column(["late", "", "qqq", "nice"], missing=(3,)))
    result = result if dimensions else result.toarray()
    assert result[:, 0].tolist() == [0, 1, 1, 1]
    assert np.any(result[0, 1:] != 0)
    np.testing.assert_array_equal(result[1:, 1:], 0)


def test_number_of_dimensions_is_constant() -> None:
    for texts in (TEXTS, ["", ""], ["one", "two"], ["same words"] * 5):
        vectorizer = TextVectorizer(0, 4)
        matrix = vectorizer.fit_transform(column(texts))
        assert matrix.shape == (len(texts), 5)
        np.testing.assert_allclose(matrix, vectorizer.transform(column(texts)), atol=1e-12)
        assert np.isfinite(matrix).all()


def test_texts_without_terms_give_one_column() -> None:
    matrix = TextVectorizer(0).fit_transform(column(["one", "two", ""]))
    assert matrix.toarray().tolist() == [[0.0], [0.0], [1.0]]


def rows_of_texts(count: int) -> tuple[np.ndarray, np.ndarray, list[Feature]]:
    """A matrix of a text, a number and a category, the answers, and the features."""
    rng = np.random.default_rng(8)
    classes = rng.integers(0, 2, count)
    words = (["late", "torn", "the", "box", "tape"], ["nice", "quick", "the", "box", "lid"])
    texts = [" ".join(rng.choice(words[c], 6)) for c in classes]
    result = learn_vocabulary(texts, np.ones(count, int))
    counts = DocumentCounter(result.words, result.ngrams).count(texts)
    columns = [np.arange(float(count)), rng.normal(size=count), rng.integers(0, 2, count)]
    columns[0][:3] = np.nan
    features = [
        Feature("note", "text", TEXT, words=tuple(result.words), ngrams=tuple(result.ngrams)),
        Feature("size", "integer", NUMBER),
        Feature("shop", "text", CATEGORY, ("north", "south")),
    ]
    return with_documents(np.column_stack(columns), [counts]), classes, features


@pytest.mark.parametrize(
    ("task", "name"),
    [
        (task, name)
        for task, algorithms in CATALOGUE.items()
        for name, algorithm in algorithms.items()
        if task != "forecast" and not algorithm.is_baseline
    ],
)
def test_every_algorithm_accepts_and_stores_text(task: str, name: str) -> None:
    matrix, classes, features = rows_of_texts(200)
    algorithm = find_algorithm(task, name)
    few = {"n_clusters": 2, "n_estimators": 5, "max_subpopulation": 50, "cv": 2}
    params = {k: v for k, v in few.items() if k in algorithm.parameters}
    pipeline = build_pipeline(algorithm, params, features, {"seed": 0})
    amounts = classes + 0.5 + matrix[:, 1] / 10
    labels = np.column_stack([classes, amounts > 1])
    target = {"classification": classes, "multilabel": labels}.get(task, amounts)
    fitted = pipeline.fit(matrix, np.asarray(target))
    model = Model(fitted, features, ("no", "yes"), "yes", None, task)
    content = pack(model)
    again = unpack(content)
    assert list(again.features) == features
    output = "predict" if hasattr(fitted, "predict") else "transform"
    before, after = (getattr(p, output)(matrix[:30]) for p in (fitted, again.pipeline))
    np.testing.assert_allclose(before, after, rtol=1e-12, atol=1e-12)
    assert len(content) < 500_000
