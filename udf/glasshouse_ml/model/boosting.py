"""LightGBM and XGBoost, where the server's Python has them, as estimators that are safe to keep.

What is learned stays in the library's own text, the one in which it exchanges models: an artifact
then holds words and numbers alone, and the library is asked only when rows are to be answered.
"""

from abc import abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from glasshouse_ml.core.libraries import installed, not_installed
from glasshouse_ml.data.threads import granted


class Boosted(BaseEstimator):
    """Trees of another library; `params` are those of its scikit-learn interface."""

    library: ClassVar[str]
    # What stands in the way of probabilities, of the same numbers again, or of a safe artifact.
    refused: ClassVar[tuple[str, ...]] = ()
    # What is always set; it must not be a parameter of the caller's.
    fixed: ClassVar[dict[str, Any]]

    def __init__(self, params: dict[str, Any] | None = None) -> None:
        """Nothing is imported before rows arrive."""
        self.params = params

    @classmethod
    def parameters(cls) -> dict[str, Any]:
        """Every parameter a caller may set, with the library's default."""
        left_out = {*cls.refused, *cls.fixed}
        return {k: v for k, v in cls._made({}).get_params().items() if k not in left_out}

    @classmethod
    @abstractmethod
    def _made(cls, params: dict[str, Any]) -> Any:
        """An untrained estimator of the library's scikit-learn interface."""

    @abstractmethod
    def _text(self, fitted: Any) -> str:
        """What it has learned, as text."""

    @abstractmethod
    def _read(self, text: str) -> Any:
        """The booster that the text describes."""

    @abstractmethod
    def _answers(self, booster: Any, matrix: np.ndarray) -> np.ndarray:
        """Probabilities or numbers."""

    @abstractmethod
    def _raw(self, booster: Any, matrix: np.ndarray) -> np.ndarray:
        """What the trees add up to, before it becomes a probability."""

    @abstractmethod
    def _parts(self, booster: Any, matrix: np.ndarray) -> np.ndarray:
        """For each row and sum what each column adds, and last where the sum begins."""

    def fit(self, matrix: np.ndarray, answers: np.ndarray) -> Self:
        """Learn; the classes of a classifier are numbers without gaps for the library."""
        learned = answers
        if isinstance(self, ClassifierMixin):
            self.classes_, learned = np.unique(answers, return_inverse=True)
        settings = {**(self.params or {}), **self.fixed, "n_jobs": self._threads()}
        weights = settings.get("class_weight")
        if isinstance(weights, dict):
            places = {value: place for place, value in enumerate(self.classes_)}
            settings["class_weight"] = {places[k]: w for k, w in weights.items() if k in places}
        try:
            fitted = self._made(settings).fit(matrix, learned)
        except Exception as error:
            if type(error).__module__.partition(".")[0] != self.library:
                raise
            # The first line says it; what follows are addresses in the library.
            words = str(error).strip().split("\n")[0]
            raise ValueError(words.rpartition("] ")[2] or words) from None
        self.text_ = self._text(fitted)
        self.n_features_in_ = matrix.shape[1]
        return self

    def raw(self, matrix: np.ndarray) -> np.ndarray:
        """What the trees add up to: a column for each class, or one (log-odds, or a number)."""
        return self._raw(self._booster(), matrix).reshape(len(matrix), -1)

    def parts(self, matrix: np.ndarray) -> np.ndarray:
        """Exact Shapley values of each sum by TreeSHAP (Lundberg and others, 2020).

        Shape (rows, sums, columns + 1); the last of each is the mean from which the sum starts.
        """
        found = self._parts(self._booster(), matrix)
        return found.reshape(len(matrix), -1, matrix.shape[1] + 1)

    def _numbers(self, matrix: np.ndarray) -> np.ndarray:
        return self._answers(self._booster(), matrix)

    def _booster(self) -> Any:
        if not installed(self.library):
            raise not_installed(self.library)
        if getattr(self, "_kept", None) is None:
            self._kept = self._read(self.text_)
        return self._kept

    def _threads(self) -> int:
        return granted((self.params or {}).get("n_jobs"))

    def __getstate__(self) -> dict[str, Any]:
        """Without the booster, which is made of the text again."""
        return {k: v for k, v in super().__getstate__().items() if k != "_kept"}

    def __sklearn_tags__(self) -> Any:
        """A missing value is a value like others to these trees."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


class _Classifier(ClassifierMixin):
    """Probabilities, and the class of the greatest of them."""

    def predict_proba(self, matrix: np.ndarray) -> np.ndarray:
        """A column for each class."""
        found = np.asarray(self._numbers(matrix), float)
        return np.column_stack([1.0 - found, found]) if found.ndim == 1 else found

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        """The most probable class."""
        return self.classes_[self.predict_proba(matrix).argmax(axis=1)]


class _Regressor(RegressorMixin):
    """One number for each row."""

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        """The numbers."""
        return np.asarray(self._numbers(matrix), float)


class _LightGBM(Boosted):
    library = "lightgbm"
    refused = ("importance_type", "subsample_for_bin")
    # The same numbers again, whatever the number of threads; and no word on the server's output.
    fixed: ClassVar[dict[str, Any]] = {
        "verbosity": -1,
        "deterministic": True,
        "force_row_wise": True,
    }

    def _text(self, fitted: Any) -> str:
        return fitted.booster_.model_to_string()

    def _read(self, text: str) -> Any:
        from lightgbm import Booster

        return Booster(model_str=text)

    def _ask(self, booster: Any, matrix: np.ndarray, **what: bool) -> np.ndarray:
        return booster.predict(matrix, num_threads=self._threads(), **what)

    def _answers(self, booster: Any, matrix: np.ndarray) -> np.ndarray:
        return self._ask(booster, matrix)

    def _raw(self, booster: Any, matrix: np.ndarray) -> np.ndarray:
        return self._ask(booster, matrix, raw_score=True)

    def _parts(self, booster: Any, matrix: np.ndarray) -> np.ndarray:
        return self._ask(booster, matrix, pred_contrib=True)


class LightGBMClassifier(_Classifier, _LightGBM):
    """LightGBM's classifier."""

    refused = (*_LightGBM.refused, "objective")

    @classmethod
    def _made(cls, params: dict[str, Any]) -> Any:
        from lightgbm import LGBMClassifier

        return LGBMClassifier(**params)


class LightGBMRegressor(_Regressor, _LightGBM):
    """LightGBM's regressor."""

    refused = (*_LightGBM.refused, "class_weight")

    @classmethod
    def _made(cls, params: dict[str, Any]) -> Any:
        from lightgbm import LGBMRegressor

        return LGBMRegressor(**params)


class _XGBoost(Boosted):
    library = "xgboost"
    refused = (
        "callbacks", "early_stopping_rounds", "eval_metric", "importance_type", "missing",
        "multi_strategy", "feature_weights",
    )  # fmt: skip
    # Trees alone, on the processor, of numbers: what is checked when a model is loaded.
    fixed: ClassVar[dict[str, Any]] = {
        "booster": "gbtree", "device": "cpu", "verbosity": 0, "enable_categorical": False,
        "feature_types": None, "max_cat_threshold": None, "max_cat_to_onehot": None,
        "validate_parameters": True,
    }  # fmt: skip

    def _text(self, fitted: Any) -> str:
        return fitted.get_booster().save_raw("json").decode()

    def _read(self, text: str) -> Any:
        from xgboost import Booster

        booster = Booster()
        booster.load_model(bytearray(text.encode()))
        return booster

    def _ask(self, booster: Any, matrix: np.ndarray, **what: bool) -> np.ndarray:
        from xgboost import DMatrix

        threads = self._threads()
        booster.set_param({"nthread": threads})
        return booster.predict(DMatrix(matrix, nthread=threads), **what)

    def _answers(self, booster: Any, matrix: np.ndarray) -> np.ndarray:
        return self._ask(booster, matrix)

    def _raw(self, booster: Any, matrix: np.ndarray) -> np.ndarray:
        return self._ask(booster, matrix, output_margin=True)

    def _parts(self, booster: Any, matrix: np.ndarray) -> np.ndarray:
        return self._ask(booster, matrix, pred_contribs=True)


class XGBoostClassifier(_Classifier, _XGBoost):
    """XGBoost's classifier."""

    refused = (*_XGBoost.refused, "objective")

    @classmethod
    def _made(cls, params: dict[str, Any]) -> Any:
        from xgboost import XGBClassifier

        return XGBClassifier(**params)


class XGBoostRegressor(_Regressor, _XGBoost):
    """XGBoost's regressor."""

    @classmethod
    def _made(cls, params: dict[str, Any]) -> Any:
        from xgboost import XGBRegressor

        return XGBRegressor(**params)
