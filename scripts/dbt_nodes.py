"""Names of dbt nodes that macros refer to, passed to dbt in its environment.

A model declares what it reads while dbt parses it, before dbt has read the other files. A macro
therefore cannot look for the nodes; the names come from the project's folders.
"""

from pathlib import Path

FEATURE_GROUPS = "GLASSHOUSE_FEATURE_GROUPS"
ML_MODELS = "GLASSHOUSE_ML_MODELS"
PREDICTED_MODELS = "GLASSHOUSE_PREDICTED_MODELS"


def node_names(root: Path) -> dict[str, str]:
    """Variables for dbt's environment; each holds names, separated by spaces.

    GLASSHOUSE_FEATURE_GROUPS: the models in a folder of an entity below dbt/models/features.
    GLASSHOUSE_ML_MODELS: the trained models, each a file below dbt/models/ml.
    GLASSHOUSE_PREDICTED_MODELS: those with a file pred_<name>.sql below dbt/models/predictions.
    """
    models = root / "dbt" / "models"
    trained = _names(models / "ml")
    predictions = _names(models / "predictions")
    return {
        FEATURE_GROUPS: " ".join(_names(models / "features", "*/*.sql")),
        ML_MODELS: " ".join(trained),
        PREDICTED_MODELS: " ".join(name for name in trained if f"pred_{name}" in predictions),
    }


def _names(folder: Path, pattern: str = "**/*.sql") -> list[str]:
    return sorted(file.stem for file in folder.glob(pattern))
