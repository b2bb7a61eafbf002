"""Neural networks that look in each batch of rows."""

from typing import Any

from sklearn import neural_network

from glasshouse_ml.data.interrupts import check_interrupts

__all__ = ["MLPClassifier", "MLPRegressor"]


class MLPClassifier(neural_network.MLPClassifier):
    """Looks in each batch."""

    def _backprop(self, *arguments: Any) -> Any:
        check_interrupts()
        return super()._backprop(*arguments)


class MLPRegressor(neural_network.MLPRegressor):
    """Looks in each batch."""

    def _backprop(self, *arguments: Any) -> Any:
        check_interrupts()
        return super()._backprop(*arguments)
