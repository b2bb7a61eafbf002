"""Model versions that fail their tests, and a build that goes on without them.

dbt skips everything that depends on a failed test: the predictions of the model, and each report
about models. A refresh must not hold these back for a version that is not used anyway. A test that
the version in use fails, such as one with a new limit, is a warning there.
"""

from collections.abc import Callable, Mapping
from contextlib import closing

import psycopg2

from scripts.console import warn
from scripts.errors import UserError
from scripts.settings import Settings

# Read by dbt/macros/ml/promotion.sql.
KEEP_CHAMPIONS = {"GLASSHOUSE_KEEP_CHAMPIONS": "true"}
LEAVE_OUT = KEEP_CHAMPIONS | {"GLASSHOUSE_LEAVE_OUT_REJECTED": "true"}
_REJECTED = """
    select versions.model, versions.version, ml.rejection_text(versions.rejection),
        max(champions.version)
    from ml.model_versions as versions
    inner join ml.test_results as results using (model, version)
    left join ml.model_versions as champions
        on champions.model = versions.model and champions.status = 'champion'
    where versions.status = 'rejected' and results.status = 'fail' and results.tested_at > %s
    group by versions.model, versions.version, versions.rejection
    order by versions.model
"""


def build_without_rejected(settings: Settings, run: Callable[[Mapping[str, str]], str]) -> str:
    """Run dbt, and once more if a test has rejected a version: the champions then stay in use.

    `run`: runs dbt with further variables of the environment, returns its summary and raises
    UserError. A model without a champion predicts no rows in the second run, which fails if
    anything else is wrong. Returns the summary of the last run and what was rejected.
    """
    ((started,),) = _query(settings, "select clock_timestamp()::text")
    try:
        return run(KEEP_CHAMPIONS)
    except UserError:
        rejections = [_sentence(*row) for row in _query(settings, _REJECTED, started)]
        if not rejections:
            raise
    for sentence in rejections:
        warn(f"{sentence}.")
    return "; ".join([run(LEAVE_OUT), *rejections])


def _sentence(model: str, version: int, reason: str, champion: int | None) -> str:
    stays = f"version {champion} stays in use" if champion else "it has no version in use"
    return f"version {version} of {model} is rejected ({reason}), {stays}"


def _query(settings: Settings, statement: str, *values: str) -> list[tuple]:
    with (
        closing(psycopg2.connect(**settings.dsn("transformer"))) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, values or None)
        return cursor.fetchall()
