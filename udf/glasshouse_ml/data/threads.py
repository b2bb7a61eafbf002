"""How many threads one call may use: one, unless the setting glasshouse.threads allows more.

A server answers many sessions at once, so the administrator assigns threads: `alter role … set
glasshouse.threads = 4`, or `alter system` for all. Never more than the machine has cores.
"""

import os
from typing import Any

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data.database import Database

SETTING = "glasshouse.threads"
# The environment of a process whose libraries use one thread.
SINGLE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
# scikit-learn computes distances between all rows in chunks of this size. Its own default is a
# gigabyte, which no limit of memory would see coming.
WORKING_MB = 64
# The name under which estimators ask for threads.
PARAMETER = "n_jobs"
# Attributes in which a fitted estimator holds other fitted estimators.
_NESTED = ("pooled_", "members_", "calibrated_classifiers_", "regressor_", "estimator")

_limit: int | None = None


def limit_threads(db: Database) -> None:
    """Limit BLAS, OpenMP, joblib and scikit-learn in this session to the allowed threads.

    joblib gets threads and never processes: a copy of a database session must not live.
    """
    set_thread_limit(limit_to_cores(db, SETTING))


def set_thread_limit(limit: int) -> None:
    """Limit BLAS, OpenMP, joblib and scikit-learn in this process to so many threads."""
    from joblib import parallel_config
    from sklearn import set_config
    from threadpoolctl import threadpool_limits

    global _limit
    if limit != _limit:
        threadpool_limits(limit)
        parallel_config("threading", n_jobs=1)
        set_config(working_memory=WORKING_MB)
        _limit = limit


def limit_to_cores(db: Database, setting: str) -> int:
    """The value of a setting that is a number of cores, at most as many as exist; 1 if unset."""
    value = db.setting(setting)
    if value is None:
        return 1
    if not value.strip().isdecimal() or int(value) < 1:
        raise GlasshouseError(
            f"The setting {setting} is {value!r}.", "Give a whole number, 1 or more."
        )
    return min(int(value), os.cpu_count() or 1)


def thread_count(n_jobs: Any) -> int:
    """The threads that an estimator gets for its n_jobs: None asks for one, below zero for all."""
    limit = _limit or 1
    if not isinstance(n_jobs, int):
        return 1
    return min(n_jobs, limit) if n_jobs > 0 else limit


def limit_estimator_threads(estimator: Any) -> Any:
    """The same fitted estimator, with n_jobs within the limit in every part of it."""
    for step in getattr(estimator, "steps", ()):
        limit_estimator_threads(step[1])
    if hasattr(estimator, PARAMETER):
        setattr(estimator, PARAMETER, thread_count(getattr(estimator, PARAMETER)))
    for name in _NESTED:
        value = getattr(estimator, name, None)
        for nested in value if isinstance(value, list) else [value]:
            if hasattr(nested, "__dict__"):
                limit_estimator_threads(nested)
    return estimator
