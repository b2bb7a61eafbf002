"""Optional libraries of the database server's Python, each with a lock file of its own in udf/."""

from scripts.errors import UserError
from scripts.settings import Settings

EXTRAS = ("lightgbm", "xgboost")


def extras(settings: Settings) -> list[str]:
    """The libraries that ML_EXTRAS in `.env` names; none by default."""
    names = (settings.value("ML_EXTRAS") or "none").replace(",", " ").split()
    if names == ["none"]:
        return []
    if not set(names) <= set(EXTRAS):
        raise UserError(
            f'.env: ML_EXTRAS cannot be "{" ".join(names)}"',
            f"write none, or one or more of {', '.join(EXTRAS)}",
        )
    return sorted(set(names))
