"""LightGBM and XGBoost, where the server's Python has them, as estimators that are safe to keep.

What is learned stays in the library's own text, the one in which it exchanges models: an artifact
then holds words and numbers alone, and the library is asked only when rows are to be answered.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from glasshouse_ml.core.libraries import is_installed, missing_library_error
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.data.threads import thread_count


class Boosted(BaseEstimator):
    """Trees of another library; `params` are those of its scikit-learn interface."""

    library: ClassVar[str]
    # What stands in the way of probabilities, of the same numbers again, or of a safe artifact.
    unsupported: ClassVar[tuple[str, ...]] = ()
    # What is always set; it must not be a parameter of the caller's.
    fixed_params: ClassVar[dict[str, Any]]

    def __init__(self, params: dict[str, Any] | None = None) -> None:
        """Nothing is imported before rows arrive."""
        self.params = params

    @classmethod
    def parameters(cls) -> dict[str, Any]:
        """Every parameter a caller may set, with the library's default."""
        excluded = {*cls.unsupported, *cls.fixed_params}
        return {k: v for k, v in cls._new_estimator({}).get_params().items() if k not in excluded}

    @classmethod
    @abstractmethod
    def _new_estimator(cls, params: dict[str, Any]) -> Any:
        """An untrained estimator of the library's scikit-learn interface."""

    @abstractmethod
    def _fit(
        self, params: dict[str, Any], matrix: np.ndarray, target: np.ndarray, weights: Any
    ) -> Any:
        """The fitted estimator; looks for interrupts after each round."""

    @abstractmethod
    def _serialise(self, fitted: Any) -> str:
        """What it has learned, as text."""

    @abstractmethod
    def _deserialise(self, text: str) -> Any:
        """The booster that the text describes."""

    @abstractmethod
    def _predict(self, booster: Any, matrix: np.ndarray) -> np.ndarray:
        """Probabilities or numbers."""

    @abstractmethod
    def _predict_raw(self, booster: Any, matrix: np.ndarray) -> np.ndarray:
        """What the trees add up to, before it becomes a probability."""

    @abstractmethod
    def _predict_contributions(self, booster: Any, matrix: np.ndarray) -> np.ndarray:
        """For each row and sum what each column adds, and last where the sum begins."""

    def fit(self, matrix: np.ndarray, target: np.ndarray, sample_weight: Any = None) -> Self:
        """Learn; the classes of a classifier are numbers without gaps for the library."""
        encoded = target
        if isinstance(self, ClassifierMixin):
            self.classes_, encoded = np.unique(target, return_inverse=True)
        settings = self._settings()
        weights = settings.get("class_weight")
        if isinstance(weights, dict):
            positions = {value: position for position, value in enumerate(self.classes_)}
            settings["class_weight"] = {
                positions[k]: w for k, w in weights.items() if k in positions
            }
        with self._short_errors():
            fitted = self._fit(settings, matrix, encoded, sample_weight)
        self.text_ = self._serialise(fitted)
        self.n_features_in_ = matrix.shape[1]
        return self

    def raw_scores(self, matrix: np.ndarray) -> np.ndarray:
        """What the trees add up to: a column for each class, or one (log-odds, or a number)."""
        return self._predict_raw(self._booster(), matrix).reshape(len(matrix), -1)

    def shap_values(self, matrix: np.ndarray) -> np.ndarray:
        """Exact Shapley values of each sum by TreeSHAP (Lundberg and others, 2020).

        Shape (rows, sums, columns + 1); the last of each is the mean from which the sum starts.
        """
        values = self._predict_contributions(self._booster(), matrix)
        return values.reshape(len(matrix), -1, matrix.shape[1] + 1)

    def _predictions(self, matrix: np.ndarray) -> np.ndarray:
        return self._predict(self._booster(), matrix)

    def _booster(self) -> Any:
        if not is_installed(self.library):
            raise missing_library_error(self.library)
        if getattr(self, "_booster_cache", None) is None:
            self._booster_cache = self._deserialise(self.text_)
        return self._booster_cache

    def _settings(self) -> dict[str, Any]:
        return {**(self.params or {}), **self.fixed_params, "n_jobs": self._threads()}

    @contextmanager
    def _short_errors(self) -> Iterator[None]:
        """An error of the library in one line, without the addresses that follow it."""
        try:
            yield
        except Exception as error:
            if type(error).__module__.partition(".")[0] != self.library:
                raise
            message = str(error).strip().split("\n")[0]
            raise ValueError(message.rpartition("] ")[2] or message) from None

    def _threads(self) -> int:
        return thread_count((self.params or {}).get("n_jobs"))

    def __getstate__(self) -> dict[str, Any]:
        """Without the booster, which is made of the text again."""
        return {k: v for k, v in super().__getstate__().items() if k != "_booster_cache"}

    def __sklearn_tags__(self) -> Any:
        """A missing value is a value like others to these trees."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


class _Classifier(ClassifierMixin):
    """Probabilities, and the class of the greatest of them."""

    def predict_proba(self, matrix: np.ndarray) -> np.ndarray:
        """A column for each class."""
        values = np.asarray(self._predictions(matrix), float)
        return np.column_stack([1.0 - values, values]) if values.ndim == 1 else values

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        """The most probable class."""
        return self.classes_[self.predict_proba(matrix).argmax(axis=1)]


class _Regressor(RegressorMixin):
    """One number for each row."""

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        """The numbers."""
        return np.asarray(self._predictions(matrix), float)


# Reads the same rows anew at each call: some rows of the matrix and their target values at a time.
Batches = Callable[[], Iterator[tuple[np.ndarray, np.ndarray]]]


class _LightGBM(Boosted):
    library = "lightgbm"
    unsupported: ClassVar[tuple[str, ...]] = ("importance_type", "subsample_for_bin")
    # The same numbers again, whatever the number of threads; and no word on the server's output.
    fixed_params: ClassVar[dict[str, Any]] = {
        "verbosity": -1,
        "deterministic": True,
        "force_row_wise": True,
    }

    def _fit(
        self, params: dict[str, Any], matrix: np.ndarray, target: np.ndarray, weights: Any
    ) -> Any:
        return self._new_estimator(params).fit(
            matrix, target, sample_weight=weights, callbacks=[lambda _: check_interrupts()]
        )

    def _serialise(self, fitted: Any) -> str:
        return fitted.booster_.model_to_string()

    def _deserialise(self, text: str) -> Any:
        from lightgbm import Booster

        return Booster(model_str=text)

    def _predict_with(self, booster: Any, matrix: np.ndarray, **output: bool) -> np.ndarray:
        return booster.predict(matrix, num_threads=self._threads(), **output)

    def _predict(self, booster: Any, matrix: np.ndarray) -> np.ndarray:
        return self._predict_with(booster, matrix)

    def _predict_raw(self, booster: Any, matrix: np.ndarray) -> np.ndarray:
        return self._predict_with(booster, matrix, raw_score=True)

    def _predict_contributions(self, booster: Any, matrix: np.ndarray) -> np.ndarray:
        return self._predict_with(booster, matrix, pred_contrib=True)


class LightGBMClassifier(_Classifier, _LightGBM):
    """LightGBM's classifier."""

    unsupported: ClassVar[tuple[str, ...]] = (*_LightGBM.unsupported, "objective")

    @classmethod
    def _new_estimator(cls, params: dict[str, Any]) -> Any:
        from lightgbm import LGBMClassifier

        return LGBMClassifier(**params)


class LightGBMRegressor(_Regressor, _LightGBM):
    """LightGBM's regressor."""

    unsupported: ClassVar[tuple[str, ...]] = (*_LightGBM.unsupported, "class_weight")

    @classmethod
    def _new_estimator(cls, params: dict[str, Any]) -> Any:
        from lightgbm import LGBMRegressor

        return LGBMRegressor(**params)


class _XGBoost(Boosted):
    library = "xgboost"
    unsupported: ClassVar[tuple[str, ...]] = (
        "callbacks", "early_stopping_rounds", "eval_metric", "importance_type", "missing",
        "multi_strategy", "feature_weights",
    )  # fmt: skip
    # Trees alone, on the processor, of numbers: what is checked when a model is loaded.
    fixed_params: ClassVar[dict[str, Any]] = {
        "booster": "gbtree", "device": "cpu", "verbosity": 0, "enable_categorical": False,
        "feature_types": None, "max_cat_threshold": None, "max_cat_to_onehot": None,
        "validate_parameters": True,
    }  # fmt: skip

    def _fit(
        self, params: dict[str, Any], matrix: np.ndarray, target: np.ndarray, weights: Any
    ) -> Any:
        estimator = self._new_estimator({**params, "callbacks": [self._interrupt_check()]})
        return estimator.fit(matrix, target, sample_weight=weights)

    @staticmethod
    def _interrupt_check() -> Any:
        from xgboost.callback import TrainingCallback

        class InterruptCheck(TrainingCallback):
            def after_iteration(self, *_: Any) -> bool:
                check_interrupts()
                return False

        return InterruptCheck()

    @property
    def learns_in_batches(self) -> bool:
        """Whether the trees are grown from bins, in which a value takes one byte and not eight."""
        return (self.params or {}).get("tree_method") in (None, "auto", "hist")

    def fit_batches(self, batches: Batches, columns: int, classes: int) -> Self:
        """Learn from the bins of rows that arrive in batches; classes are 0, 1, … or absent (0).

        XGBoost reads the rows four times: it counts them, chooses the borders of the bins, and
        fills the bins.
        """
        import xgboost

        class Rows(xgboost.DataIter):
            def reset(self) -> None:
                self.rest = batches()

            def next(self, input_data: Callable[..., None]) -> bool:
                check_interrupts()
                batch = next(self.rest, None)
                if batch is not None:
                    input_data(data=batch[0], label=batch[1])
                return batch is not None

        settings = self._settings()
        estimator = self._new_estimator(settings)
        params = estimator.get_xgb_params()
        if classes > 2:
            params |= {"objective": "multi:softprob", "num_class": classes}
        with self._short_errors():
            bins = xgboost.QuantileDMatrix(
                Rows(), max_bin=params.get("max_bin"), nthread=self._threads()
            )
            booster = xgboost.train(
                params,
                bins,
                estimator.get_num_boosting_rounds(),
                callbacks=[self._interrupt_check()],
            )
        if classes:
            self.classes_ = np.arange(classes)
        self.text_ = self._serialise_booster(booster)
        self.n_features_in_ = columns
        return self

    def _serialise(self, fitted: Any) -> str:
        return self._serialise_booster(fitted.get_booster())

    @staticmethod
    def _serialise_booster(booster: Any) -> str:
        return booster.save_raw("json").decode()

    def _deserialise(self, text: str) -> Any:
        from xgboost import Booster

        booster = Booster()
        booster.load_model(bytearray(text.encode()))
        return booster

    def _predict_with(self, booster: Any, matrix: np.ndarray, **output: bool) -> np.ndarray:
        from xgboost import DMatrix

        threads = self._threads()
        booster.set_param({"nthread": threads})
        return booster.predict(DMatrix(matrix, nthread=threads), **output)

    def _predict(self, booster: Any, matrix: np.ndarray) -> np.ndarray:
        return self._predict_with(booster, matrix)

    def _predict_raw(self, booster: Any, matrix: np.ndarray) -> np.ndarray:
        return self._predict_with(booster, matrix, output_margin=True)

    def _predict_contributions(self, booster: Any, matrix: np.ndarray) -> np.ndarray:
        return self._predict_with(booster, matrix, pred_contribs=True)


class XGBoostClassifier(_Classifier, _XGBoost):
    """XGBoost's classifier."""

    unsupported: ClassVar[tuple[str, ...]] = (*_XGBoost.unsupported, "objective")

    @classmethod
    def _new_estimator(cls, params: dict[str, Any]) -> Any:
        from xgboost import XGBClassifier

        return XGBClassifier(**params)


class XGBoostRegressor(_Regressor, _XGBoost):
    """XGBoost's regressor."""

    @classmethod
    def _new_estimator(cls, params: dict[str, Any]) -> Any:
        from xgboost import XGBRegressor

        return XGBRegressor(**params)
