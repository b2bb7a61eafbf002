"""A trained model as bytes and back, in the format of skops.

skops rebuilds an object only from types that are on a list. Ours names what the algorithms of the
catalogue consist of. The list is the second line of defence: `signatures` comes first, because
scikit-learn follows the numbers inside a tree without looking, so trusted types alone are not safe.
"""

import copy
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import skops.io
import skops.io._persist
from sklearn.pipeline import Pipeline
from skops.io.exceptions import UntrustedTypesFoundException

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.interval import PredictionInterval
from glasshouse_ml.core.model import Model
from glasshouse_ml.model.forecasting.forecast_model import ForecastModel
from glasshouse_ml.model.grouped import Grouped
from glasshouse_ml.registry.numeric_state import pipeline_state, restore_pipeline
from glasshouse_ml.tasks.registry import TASKS

FORMAT = 1
# The arrays of a forecast: the attribute, and its name in the artifact.
_ARRAYS = {name: name for name in ("lower", "upper", "baseline", "ends", "tail")}
_ARRAYS |= {"future_values": "known", "membership": "membership", "weights": "weights"}
# Types beyond those that skops trusts by itself: parts of trees; the check of input that histogram
# gradient boosting stores for its categories; optimizers of neural networks; the loss of Tweedie
# models; the tree and the function of a bisecting k-means; the curves of a calibration; the folds
# of a target encoding; a label that no row has; and our own classes: for groups, dates, lists, free
# text, around other libraries, and with interrupts.
TRUSTED = (
    "functools.partial",
    "glasshouse_ml.model.boosting.LightGBMClassifier",
    "glasshouse_ml.model.boosting.LightGBMRegressor",
    "glasshouse_ml.model.boosting.XGBoostClassifier",
    "glasshouse_ml.model.boosting.XGBoostRegressor",
    "glasshouse_ml.model.age_encoder.AgeEncoder",
    "glasshouse_ml.model.calendar_encoder.CalendarEncoder",
    "glasshouse_ml.model.grouped.Grouped",
    "glasshouse_ml.model.interruptible.ensemble.AdaBoostClassifier",
    "glasshouse_ml.model.interruptible.ensemble.AdaBoostRegressor",
    "glasshouse_ml.model.interruptible.ensemble.BaggingClassifier",
    "glasshouse_ml.model.interruptible.ensemble.BaggingRegressor",
    "glasshouse_ml.model.interruptible.ensemble.ExtraTreesClassifier",
    "glasshouse_ml.model.interruptible.ensemble.ExtraTreesRegressor",
    "glasshouse_ml.model.interruptible.ensemble.GradientBoostingClassifier",
    "glasshouse_ml.model.interruptible.ensemble.GradientBoostingRegressor",
    "glasshouse_ml.model.interruptible.ensemble.HistGradientBoostingClassifier",
    "glasshouse_ml.model.interruptible.ensemble.HistGradientBoostingRegressor",
    "glasshouse_ml.model.interruptible.ensemble.IsolationForest",
    "glasshouse_ml.model.interruptible.ensemble.RandomForestClassifier",
    "glasshouse_ml.model.interruptible.ensemble.RandomForestRegressor",
    "glasshouse_ml.model.interruptible.linear_model.LogisticRegression",
    "glasshouse_ml.model.interruptible.neural_network.MLPClassifier",
    "glasshouse_ml.model.interruptible.neural_network.MLPRegressor",
    "glasshouse_ml.model.item_indicator.ItemIndicator",
    "glasshouse_ml.model.text_vectorizer.TextVectorizer",
    "numpy.dtype",
    "sklearn._loss.loss.HalfTweedieLoss",
    "sklearn._loss.loss.HalfTweedieLossIdentity",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.cluster._bisect_k_means._BisectingTree",
    "sklearn.cluster._kmeans._kmeans_single_elkan",
    "sklearn.cluster._kmeans._kmeans_single_lloyd",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.model_selection._split.KFold",
    "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.multiclass._ConstantPredictor",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils.validation.check_array",
)


def pack(model: Model) -> bytes:
    """The bytes of a model, without the models of its groups, which pack_group() stores."""
    facts = {
        "format": FORMAT,
        "features": [asdict(feature) for feature in model.features],
        "classes": list(model.classes),
        "positive_class": model.positive_class,
        "key": model.key,
        "task": model.task,
        "threshold": model.threshold,
        "interval": asdict(model.interval) if model.interval else None,
    }
    # One text, because skops writes a file entry of its own for each object.
    return _dump({"facts": json.dumps(facts), "pipeline": _without_members(model.pipeline)})


def pack_pipeline(pipeline: Pipeline) -> bytes:
    """The bytes of a Pipeline, fitted or not, on its way between processes of the engine."""
    return _bytes({"pipeline": pipeline})


def pack_group(name: str, pipeline: Pipeline) -> bytes:
    """The bytes of the model of one group: JSON where its state is numbers, else as skops.

    Its types are those of the pooled model, which pack() compares with the list.
    """
    facts = {"format": FORMAT, "group": name}
    steps = pipeline_state(pipeline)
    if steps is not None:
        return json.dumps({**facts, "steps": steps}).encode()
    return _bytes({"facts": json.dumps(facts), "pipeline": pipeline})


def _without_members(pipeline: Pipeline) -> Pipeline:
    estimator = pipeline[-1] if isinstance(pipeline, Pipeline) else None
    if not isinstance(estimator, Grouped):
        return pipeline
    estimator = copy.copy(estimator)
    estimator.members_ = None
    # What only the session that trained it needs.
    for name in ("fits", "load_members", "is_transient", "_imputer"):
        estimator.__dict__.pop(name, None)
    return Pipeline([*pipeline.steps[:-1], ("estimate", estimator)])


def pack_forecast(model: ForecastModel) -> bytes:
    """The bytes of a forecast."""
    facts = {"format": FORMAT, "task": "forecast", **model.facts}
    arrays = {name: getattr(model, attribute) for attribute, name in _ARRAYS.items()}
    return _dump(
        {
            "facts": json.dumps(facts),
            "members": model.members,
            "regressor": model.regressor,
            **arrays,
        }
    )


def _dump(parts: dict[str, Any]) -> bytes:
    content = _bytes(parts)
    unexpected = set(skops.io.get_untrusted_types(data=content)) - set(TRUSTED)
    if unexpected:
        raise GlasshouseError(
            f"The trained model holds {sorted(unexpected)[0]}, which may not be stored.",
            "Choose other parameters for the algorithm.",
        )
    return content


def _bytes(parts: dict[str, Any]) -> bytes:
    with _on_one_line():
        return skops.io.dumps(parts, compression=zipfile.ZIP_DEFLATED, compresslevel=1)


@contextmanager
def _on_one_line() -> Iterator[None]:
    """Have skops write its description of a model without indentation.

    Python's json has no fast code for indentation. In a model with a hundred groups it took most of
    the time of storing the model.
    """
    indented = skops.io._persist.json

    class Json:
        @staticmethod
        def dumps(state: Any, **_: Any) -> str:
            return json.dumps(state)

    skops.io._persist.json = Json
    try:
        yield
    finally:
        skops.io._persist.json = indented


def unpack(content: bytes) -> Model | ForecastModel:
    """The model in the bytes, whose signature was verified before.

    A GlasshouseError for a type that is not on the list, and for what is no model of this format.
    """
    with _one_line_errors():
        stored = skops.io.loads(content, trusted=TRUSTED)
        facts = json.loads(stored["facts"])
        # The first models knew one task only and did not name it.
        task = facts.get("task", "classification")
        usable = facts["format"] == FORMAT and task in TASKS
        model = _forecast(stored, facts) if task == "forecast" else _row_model(stored, facts, task)
    if not usable or model is None:
        raise _damaged()
    return model


def unpack_pipeline(content: bytes) -> Pipeline:
    """The Pipeline in the bytes of pack_pipeline(), which a process of the engine has made."""
    with _one_line_errors():
        return skops.io.loads(content, trusted=TRUSTED)["pipeline"]


def unpack_group(content: bytes, name: str) -> Pipeline:
    """The model of a group in the bytes, whose signature was verified; errors as unpack()."""
    with _one_line_errors():
        if content.startswith(b"{"):
            facts = json.loads(content)
            pipeline = restore_pipeline(facts["steps"])
        else:
            stored = skops.io.loads(content, trusted=TRUSTED)
            facts, pipeline = json.loads(stored["facts"]), stored["pipeline"]
        usable = (facts["format"], facts["group"]) == (FORMAT, name)
    if not usable or not isinstance(pipeline, Pipeline):
        raise _damaged()
    return pipeline


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """Turn an error of skops into one line."""
    try:
        yield
    except UntrustedTypesFoundException as error:
        raise GlasshouseError(
            f"The stored model was not loaded. {str(error).splitlines()[0]}",
            "Train the model again.",
        ) from None
    except Exception as error:  # skops raises whatever a malformed file leads to
        raise GlasshouseError(
            f"The stored model cannot be read: {type(error).__name__}.", "Train the model again."
        ) from None


def _damaged() -> GlasshouseError:
    return GlasshouseError(
        "The stored model is damaged or of another format.", "Train the model again."
    )


def _row_model(stored: dict[str, Any], facts: dict[str, Any], task: str) -> Model | None:
    """A model that answers for rows; None where it holds no Pipeline."""
    if not isinstance(stored["pipeline"], Pipeline):
        return None
    return Model(
        stored["pipeline"],
        tuple(_feature(entry) for entry in facts["features"]),
        tuple(facts["classes"]),
        facts["positive_class"],
        facts["key"],
        task,
        float(facts.get("threshold", 0.5)),
        _interval(facts.get("interval")),
    )


def _interval(entry: dict[str, Any] | None) -> PredictionInterval | None:
    if entry is None:
        return None
    offsets = (tuple(entry[name]) for name in ("edges", "below", "above"))
    return PredictionInterval(entry["level"], *offsets)


def _forecast(stored: dict[str, Any], facts: dict[str, Any]) -> ForecastModel:
    # Older versions lack those of a hierarchy.
    arrays = {key: stored[name] for key, name in _ARRAYS.items() if name in stored}
    return ForecastModel(facts, stored["members"], regressor=stored["regressor"], **arrays)


def _feature(entry: dict[str, Any]) -> Feature:
    # JSON has lists only.
    facts: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}
    return Feature(**facts)
