"""How many threads one call may use: one, unless the setting glasshouse.threads allows more.

A server answers many sessions at once, so threads are for the administrator to give: `alter role …
set glasshouse.threads = 4`, or `alter system` for all. Never more than the machine has cores.
"""

import os
from typing import Any

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data.database import Database

SETTING = "glasshouse.threads"
# Distances of rows to all other rows are computed in pieces of this size. scikit-learn's own is a
# gigabyte, which no limit of memory would see coming.
WORKING_MB = 64
# The name under which estimators ask for threads.
PARAMETER = "n_jobs"
# Where a fitted estimator keeps others that were fitted inside it.
_INSIDE = ("pooled_", "members_", "calibrated_classifiers_", "regressor_", "estimator")

_bound: int | None = None


def bound(db: Database) -> None:
    """Hold all that this session computes to what is allowed: BLAS, OpenMP, joblib, scikit-learn.

    joblib gets threads and never processes: a copy of a database session must not live.
    """
    from joblib import parallel_config
    from sklearn import set_config
    from threadpoolctl import threadpool_limits

    global _bound
    limit = allowed(db)
    if limit != _bound:
        threadpool_limits(limit)
        parallel_config("threading", n_jobs=1)
        set_config(working_memory=WORKING_MB)
        _bound = limit


def allowed(db: Database) -> int:
    """What the setting says, within what the machine has."""
    said = db.setting(SETTING)
    if said is None:
        return 1
    if not said.strip().isdecimal() or int(said) < 1:
        raise GlasshouseError(
            f"The setting {SETTING} is {said!r}.", "Give a whole number, 1 or more."
        )
    return min(int(said), os.cpu_count() or 1)


def granted(wanted: Any) -> int:
    """As many as an estimator asks for; None asks for one, and a number below zero for all."""
    limit = _bound or 1
    if not isinstance(wanted, int):
        return 1
    return min(wanted, limit) if wanted > 0 else limit


def restrain(estimator: Any) -> Any:
    """The same fitted estimator asking for no more than is allowed, in every part of it."""
    for step in getattr(estimator, "steps", ()):
        restrain(step[1])
    if hasattr(estimator, PARAMETER):
        setattr(estimator, PARAMETER, granted(getattr(estimator, PARAMETER)))
    for name in _INSIDE:
        found = getattr(estimator, name, None)
        for part in found if isinstance(found, list) else [found]:
            if hasattr(part, "__dict__"):
                restrain(part)
    return estimator
