"""Logistic regression that looks in each iteration of its solver."""

from typing import Any, Self

from sklearn import linear_model

from glasshouse_ml.data.interrupts import check_interrupts

__all__ = ["LogisticRegression"]

# With fewer cells times classes a fit takes less than a second, and the looks would slow it down.
_SMALL = 100_000


class _Callback:
    """A callback of scikit-learn that looks after each iteration."""

    def setup(self, estimator: Any, context: Any) -> None:
        """Nothing to prepare."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Nothing to clean up."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Nothing to do."""

    def on_fit_task_end(self, estimator: Any, context: Any) -> bool:
        """Look; True would end the fit early."""
        check_interrupts()
        return False


class LogisticRegression(linear_model.LogisticRegression):
    """Looks in each iteration of the solver lbfgs; the other solvers have no callback."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit."""
        check_interrupts()
        if self.solver == "lbfgs" and X.size > _SMALL:
            self.set_callbacks(_Callback())
        try:
            return super().fit(X, y, sample_weight)
        finally:
            self.set_callbacks()
