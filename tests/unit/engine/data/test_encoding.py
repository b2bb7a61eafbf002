"""Categories are learned from training rows alone."""

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.feature import UNSEEN, Feature
from glasshouse_ml.core.table import CATEGORY, Column
from glasshouse_ml.data.encoding import MAX_CATEGORIES, BatchEncoder, encode, learn_features

from tests.unit.engine.data.test_row_reader import read


def test_codes_follow_frequency_in_training_rows() -> None:
    table = read([{"t": t} for t in ["b", "a", "b", None, "z", "z", "z"]])
    training = np.array([0, 1, 2, 3])
    (feature,) = learn_features([Column("t", "text", CATEGORY)], table, training)
    assert feature.categories == ("b", "a")
    result = encode([feature], table)[:, 0]
    np.testing.assert_array_equal(result, [0, 1, 0, np.nan, UNSEEN, UNSEEN, UNSEEN])


def test_rare_and_unseen_categories_share_code() -> None:
    table = read([{"t": f"{i:04}"} for i in range(MAX_CATEGORIES + 50)])
    (feature,) = learn_features([Column("t", "text", CATEGORY)], table, np.arange(table.rows))
    assert len(feature.categories) == MAX_CATEGORIES
    assert encode([feature], table)[-1, 0] == float(MAX_CATEGORIES)
    batch = BatchEncoder([feature], "?").encode(np.empty((2, 0)), [["never seen", "?"]])
    np.testing.assert_array_equal(batch[:, 0], [float(MAX_CATEGORIES), np.nan])


def test_batches_and_tables_give_same_matrix() -> None:
    rows = [
        {"n": 1.5, "t": "a", "m": 2},
        {"n": None, "t": None, "m": 3},
        {"n": 0, "t": "b", "m": 4},
    ]
    table = read(rows)
    features = [
        Feature("n", "", "number"),
        Feature("t", "", CATEGORY, ("b",)),
        Feature("m", "", "number"),
    ]
    numbers = np.column_stack([table.numbers["n"], table.numbers["m"]])
    batch = BatchEncoder(features, "?").encode(numbers, [["a", "?", "b"]])
    np.testing.assert_array_equal(encode(features, table), batch)


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), 1e308])
def test_infinity_error_names_column(value: float) -> None:
    table = read([{"fine": 1.0, "wild": 1.0}, {"fine": 2.0, "wild": value}])
    features = [Feature("fine", "", "number"), Feature("wild", "", "number")]
    with pytest.raises(GlasshouseError, match=r"'wild' holds infinite .* in 1 row\."):
        encode(features, table)
