"""The feature groups of the dbt project: their names, which dbt has to be told beforehand."""

from pathlib import Path

VARIABLE = "GLASSHOUSE_FEATURE_GROUPS"


def feature_groups(root: Path) -> dict[str, str]:
    """For dbt's environment: the models that have a folder of an entity under dbt/models/features.

    A model states what it reads before dbt has seen the other files: no macro can look for them.
    """
    files = (root / "dbt" / "models" / "features").glob("*/*.sql")
    return {VARIABLE: " ".join(sorted(file.stem for file in files))}
