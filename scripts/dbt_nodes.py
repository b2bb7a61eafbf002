"""Names of dbt nodes that macros refer to, passed to dbt in its environment.

A model declares what it reads while dbt parses it, before dbt has read the other files. A macro
therefore cannot look for the nodes; the names come from the project's folders.
"""

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

FEATURE_GROUPS = "GLASSHOUSE_FEATURE_GROUPS"
ML_MODELS = "GLASSHOUSE_ML_MODELS"
PREDICTED_MODELS = "GLASSHOUSE_PREDICTED_MODELS"
# In the config() of a model's file.
_DISABLED = re.compile(r"\benabled\s*=\s*false\b", re.IGNORECASE)


def node_names(root: Path) -> dict[str, str]:
    """Variables for dbt's environment; each holds names, separated by spaces.

    GLASSHOUSE_FEATURE_GROUPS: the models in a folder of an entity below dbt/models/features.
    GLASSHOUSE_ML_MODELS: the trained models, each a file below dbt/models/ml. A version of a model
    is `name.v1`. Disabled models are left out, because dbt refuses a reference to them.
    GLASSHOUSE_PREDICTED_MODELS: those with a file pred_<name>.sql below dbt/models/predictions.
    """
    models = root / "dbt" / "models"
    trained = _trained_models(models / "ml")
    names = sorted({name.split(".v")[0] for name in trained})
    predictions = _names(models / "predictions")
    return {
        FEATURE_GROUPS: " ".join(_names(models / "features", "*/*.sql")),
        ML_MODELS: " ".join(trained),
        PREDICTED_MODELS: " ".join(name for name in names if f"pred_{name}" in predictions),
    }


def _names(folder: Path, pattern: str = "**/*.sql") -> list[str]:
    return sorted(file.stem for file in folder.glob(pattern))


def _trained_models(folder: Path) -> list[str]:
    names = {
        file.stem: file.stem
        for file in folder.glob("**/*.sql")
        if not _DISABLED.search(file.read_text(encoding="utf-8"))
    }
    for model in _model_entries(folder):
        name, versions = model["name"], [entry["v"] for entry in model.get("versions") or []]
        if (model.get("config") or {}).get("enabled") is False:
            names.pop(name, None)
        for entry in model.get("versions") or []:
            files = [entry.get("defined_in"), f"{name}_v{entry['v']}"]
            if entry["v"] == model.get("latest_version", max(versions, key=str)):
                files.append(name)
            file = next((file for file in files if file in names), None)
            if file:
                names[file] = f"{name}.v{entry['v']}"
    return sorted(names.values())


def _model_entries(folder: Path) -> list[dict[str, Any]]:
    """The models that the YAML files describe; dbt itself reports a file that it cannot read."""
    entries: list[dict[str, Any]] = []
    for file in sorted([*folder.glob("**/*.yml"), *folder.glob("**/*.yaml")]):
        with suppress(yaml.YAMLError, AttributeError, TypeError):
            content = yaml.safe_load(file.read_text(encoding="utf-8"))
            entries += [model for model in content.get("models") or [] if model.get("name")]
    return entries
