"""Which models become SQL expressions, and that these equal the Pipeline."""

import json

import numpy as np
import pytest
from glasshouse_ml.core.model import Model
from glasshouse_ml.registry.artifacts import unpack
from glasshouse_ml.use.sql_export.expression import number_literal
from glasshouse_ml.use.sql_export.linear_form import NotLinear, linear_form
from glasshouse_ml.use.sql_export.terms import NumericTerm
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn

NUMBERS = st.floats(-1e3, 1e3)
LINES = st.builds(NumericTerm, NUMBERS, NUMBERS, NUMBERS, NUMBERS)
COLUMN = np.array([-7.5, 0.0, 3.0, np.nan])


@given(LINES, LINES)
def test_terms_are_added(one: NumericTerm, other: NumericTerm) -> None:
    both = one.values(COLUMN) + other.values(COLUMN)
    np.testing.assert_allclose(one.plus(other).values(COLUMN), both, rtol=1e-9, atol=1e-6)


@given(LINES, NUMBERS, NUMBERS)
def test_terms_are_scaled(line: NumericTerm, offset: float, factor: float) -> None:
    expected = (line.values(COLUMN) - offset) * factor
    np.testing.assert_allclose(line.scaled(offset, factor).values(COLUMN), expected, atol=1e-3)


def train_model(rows: list[dict], algorithm: str, **options: object) -> Model:
    db = StandIn(rows)
    choices = {"bootstrap": 0, "importance_repeats": 0, **options}
    call(db, algorithms=json.dumps([algorithm]), options=json.dumps(choices))
    return unpack(db.artifacts[-1])


@pytest.mark.parametrize(
    "algorithm", ["logistic_regression", "sgd", "linear_discriminant_analysis"]
)
def test_linear_models_have_form(mixed: list[dict], algorithm: str) -> None:
    model = train_model(mixed, algorithm)
    result = linear_form(model)
    random = np.random.default_rng(0)
    matrix = np.column_stack(
        [random.choice([0.0, 1.0, 2.0, -1.0, np.nan], 50) for _ in model.features]
    )
    expected = model.pipeline.predict_proba(matrix)
    np.testing.assert_allclose(result.values(matrix), expected, atol=1e-9)


@pytest.mark.parametrize("algorithm", ["hist_gradient_boosting", "gaussian_nb", "decision_tree"])
def test_nonlinear_models_have_no_form(mixed: list[dict], algorithm: str) -> None:
    with pytest.raises(NotLinear):
        linear_form(train_model(mixed, algorithm))


def test_wrapped_linear_model_has_no_form(mixed: list[dict]) -> None:
    """Calibration bends the probabilities, and groups have sums of their own."""
    for options in ({"calibration": "isotonic"}, {"group_by": "colour"}):
        with pytest.raises(NotLinear):
            linear_form(train_model(mixed, "logistic_regression", **options))


def test_huge_coefficient_has_no_form(mixed: list[dict]) -> None:
    model = train_model(mixed, "logistic_regression")
    model.pipeline[-1].coef_[0, 0] = 1e200
    with pytest.raises(NotLinear):
        linear_form(model)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_number_literals_are_exact(value: float) -> None:
    assert float(number_literal(np.float64(value)).removesuffix("::float8").strip("'")) == value
