"""What each word of a free text adds to the prediction of a linear model, exactly.

A linear model adds coefficient times TF-IDF for each term of a text. A term is a word, or an n-gram
that lies inside words. What an n-gram adds is divided equally among its occurrences, and each word
gets the shares of its own. So the contributions of the words, and of the column that says that the
text is missing, add up to the contribution of the whole text.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from scipy import sparse
from sklearn.pipeline import Pipeline

from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.table import TEXT
from glasshouse_ml.data.documents import DocumentCounter, count_tokens
from glasshouse_ml.model.linear import extract_linear_model
from glasshouse_ml.model.text_vectorizer import TextVectorizer

# For each row the words of its text with what they add; None is a text that is missing.
WordContributions = list[list[tuple[str | None, float]]]


def word_contributions(
    pipeline: Pipeline,
    features: Sequence[Feature],
    matrix: np.ndarray,
    texts: dict[int, list[str]],
    outputs: np.ndarray,
    two_classes: bool,
) -> dict[int, WordContributions]:
    """The contributions by the position of the feature; none where the model is not linear.

    `texts` are those of each feature, with "" for NULL. `outputs` is the class of each row whose
    prediction is explained, or 0.
    """
    linear = extract_linear_model(pipeline, features)
    if linear is None:
        return {}
    # With two classes there is one sum, for the second of them.
    weights = np.vstack([-linear.weights, linear.weights]) if two_classes else linear.weights
    origins = np.array([term.feature for term in linear.terms])
    contributions = {}
    for position, vectorizer in _vectorizers(pipeline):
        if vectorizer.dimensions or features[position].kind != TEXT:
            return {}
        counter = DocumentCounter(features[position].words, features[position].ngrams)
        contributions[position] = list(
            _of_rows(
                vectorizer,
                counter,
                matrix[:, [position]],
                texts[position],
                weights[:, origins == position],
                outputs,
            )
        )
    return contributions


def _vectorizers(pipeline: Pipeline) -> Iterator[tuple[int, TextVectorizer]]:
    for _, transformer, columns in pipeline.named_steps["prepare"].transformers_:
        if isinstance(transformer, TextVectorizer):
            yield columns[0], transformer


def _of_rows(
    vectorizer: TextVectorizer,
    counter: DocumentCounter,
    column: np.ndarray,
    texts: Sequence[str],
    weights: np.ndarray,
    outputs: np.ndarray,
) -> Iterator[list[tuple[str | None, float]]]:
    values = sparse.csr_array(vectorizer.transform(column))
    occurrences = vectorizer.term_counts(column)
    in_texts, tokens = count_tokens(texts)
    blocks = zip(counter.terms(tokens), vectorizer.columns_, strict=True)
    in_tokens = sparse.hstack([block[:, columns] for block, columns in blocks], format="csr")
    # Weight times value of each term by the number of its occurrences, for one row at a time.
    shares = np.zeros(in_tokens.shape[1])
    for row, output in enumerate(outputs):
        cells = slice(values.indptr[row], values.indptr[row + 1])
        terms = values.indices[cells]
        added = values.data[cells] * weights[output][terms]
        is_term = terms > 0  # the first column says that the text is missing
        parts: list[tuple[str | None, float]] = [(None, float(x)) for x in added[~is_term]]
        counts = occurrences[[row]]
        shares[terms[is_term] - 1] = added[is_term]
        shares[counts.indices] /= counts.data
        used = slice(in_texts.indptr[row], in_texts.indptr[row + 1])
        of_tokens = (in_tokens[in_texts.indices[used]] @ shares) * in_texts.data[used]
        for token, contribution in zip(in_texts.indices[used], of_tokens, strict=True):
            if contribution:
                parts.append((tokens[token], float(contribution)))
        shares[counts.indices] = 0.0
        yield parts
