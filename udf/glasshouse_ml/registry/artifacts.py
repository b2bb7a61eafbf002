"""A trained model as bytes and back, in a format that cannot hold code.

skops rebuilds an object only from types that are on a list. Ours names what the algorithms of the
catalogue are made of, and nothing that a caller could abuse.
"""

import hashlib
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
from glasshouse_ml.core.model import Model
from glasshouse_ml.registry.artifact_validation import is_sound
from glasshouse_ml.tasks.registry import TASKS

FORMAT = 1
# Beyond what skops trusts by itself: the parts of trees, the check of a table's cells that
# histogram gradient boosting keeps for its categories, what a neural network or a Tweedie model
# keeps of its fit, the tree and the function of a bisecting k-means, the curves that mend
# probabilities, the folds in which means of answers are learned, and our own estimators: that of
# groups, and those around other libraries, which hold text.
TRUSTED = (
    "functools.partial",
    "glasshouse_ml.model.boosting.LightGBMClassifier",
    "glasshouse_ml.model.boosting.LightGBMRegressor",
    "glasshouse_ml.model.boosting.XGBoostClassifier",
    "glasshouse_ml.model.boosting.XGBoostRegressor",
    "glasshouse_ml.model.grouped.Grouped",
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
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils.validation.check_array",
)


def pack(model: Model) -> bytes:
    """The bytes of a model."""
    facts = {
        "format": FORMAT,
        "features": [asdict(feature) for feature in model.features],
        "classes": list(model.classes),
        "positive_class": model.positive_class,
        "key": model.key,
        "task": model.task,
        "threshold": model.threshold,
    }
    # As one text, because skops writes a file entry of its own for each object it finds.
    parts = {"facts": json.dumps(facts), "pipeline": model.pipeline}
    with _on_one_line():
        content = skops.io.dumps(parts, compression=zipfile.ZIP_DEFLATED, compresslevel=1)
    unexpected = set(skops.io.get_untrusted_types(data=content)) - set(TRUSTED)
    if unexpected:
        raise GlasshouseError(
            f"The trained model holds {sorted(unexpected)[0]}, which may not be stored.",
            "Choose other parameters for the algorithm.",
        )
    return content


@contextmanager
def _on_one_line() -> Iterator[None]:
    """skops indents its description of a model, for which Python's json has no fast code.

    With a hundred groups in a model that was most of the time it takes to store one.
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


def unpack(content: bytes, sha256: str) -> Model:
    """The model in the bytes; refuses what was altered and what is not on the list."""
    if hashlib.sha256(content).hexdigest() != sha256:
        raise GlasshouseError(
            "The stored model was altered: its checksum does not fit.", "Train the model again."
        )
    try:
        stored = skops.io.loads(content, trusted=TRUSTED)
        facts = json.loads(stored["facts"])
        pipeline = stored["pipeline"]
        # The first models knew one task only and did not name it.
        task = facts.get("task", "classification")
        features = tuple(_feature(entry) for entry in facts["features"])
        usable = (
            facts["format"] == FORMAT
            and isinstance(pipeline, Pipeline)
            and task in TASKS
            and is_sound(pipeline, len(features))
        )
    except UntrustedTypesFoundException as error:
        raise GlasshouseError(
            f"The stored model was not loaded. {str(error).splitlines()[0]}",
            "Train the model again.",
        ) from None
    except Exception as error:  # whatever a foreign file makes the reader stumble over
        raise GlasshouseError(
            f"The stored model cannot be read: {type(error).__name__}.", "Train the model again."
        ) from None
    if not usable:
        raise GlasshouseError(
            "The stored model is damaged or of another format.", "Train the model again."
        )
    return Model(
        pipeline,
        features,
        tuple(facts["classes"]),
        facts["positive_class"],
        facts["key"],
        task,
        float(facts.get("threshold", 0.5)),
    )


def _feature(entry: dict[str, Any]) -> Feature:
    return Feature(**{**entry, "categories": tuple(entry["categories"])})
