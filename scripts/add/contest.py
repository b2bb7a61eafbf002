"""`make contest`: what each group of features adds to a model, measured by ml.contest."""

import json
from contextlib import closing

import psycopg2

from scripts.console import say, step
from scripts.errors import UserError
from scripts.settings import Settings

CHAMPION = "select query from ml.model_versions where model = %s and status = 'champion'"
# The features of the champion by the group that the file of each one names in its meta.
GROUPS = """
    select jsonb_object_agg(feature_group, features)
    from (
        select feature_group, jsonb_agg(feature order by feature) as features
        from reports.rpt_features
        where model = %(model)s and feature in (
            select entry ->> 'name'
            from ml.model_versions, jsonb_array_elements(features) as entries(entry)
            where model = %(model)s and status = 'champion'
        )
        group by feature_group
    ) as feature_groups
"""
CONTEST = """
    select feature_group, metric, folds, score, score_without, difference, lower, upper, p_value,
        verdict
    from ml.contest(%s, %s, %s)
"""


def run_contest(settings: Settings, name: str) -> None:
    """Measure and record every group of features, and print the result."""
    with (
        closing(psycopg2.connect(**settings.dsn("transformer"))) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(CHAMPION, [name])
        champion = cursor.fetchone()
        if not champion:
            raise UserError(f"There is no model {name} in use", "make build, or another NAME=")
        cursor.execute(GROUPS, {"model": name})
        groups = cursor.fetchone()[0] or {}
        if len(groups) < 2:
            raise UserError(
                f"The features of {name} are one group, so there is nothing to compare",
                f"make feature NAME={name} FEATURE=…, write it, remove its status, make build",
            )
        with step(f"Training with and without {len(groups)} groups of features") as current:
            try:
                cursor.execute(CONTEST, [name, champion[0], json.dumps(groups)])
            except psycopg2.Error as error:
                message = error.diag.message_primary or str(error)
                raise UserError(message, error.diag.message_hint or "make psql") from None
            rows = cursor.fetchall()
            _, metric, folds, score, *_ = rows[0]
            current.note(f"{folds} folds, {metric} {score:.4g} with all groups")
    for group, _, _, _, without, difference, lower, upper, p_value, verdict in rows:
        say(
            f"  {group:<30} {difference:+.4f} ({lower:+.4f} to {upper:+.4f}), p {p_value:.3f}:"
            f" {verdict}; {without:.4g} without it"
        )
    say("The page Features and owners shows it.")
