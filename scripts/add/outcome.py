"""What `make add` prints after the build: score, issues of the checks, page and next steps."""

import psycopg2

from scripts.add.dbt_files import file_paths
from scripts.add.proposal import Proposal
from scripts.console import say, warn
from scripts.settings import Settings

SCORE = """
    select version, algorithm, metric, score, baseline from ml.model_versions
    where model = %s order by status = 'champion' desc, version desc limit 1
"""
ISSUES = """
    select coalesce(nullif(column_name, '') || ': ', '') || message, coalesce(remedy, '')
    from ml.checks where model = %s and version = %s and severity = 'issue' order by position
"""
# The address of the model's own page: the filter is set to the model.
PAGE = "select page || '/' || model_filter from reports.rpt_status_models where model = %s"


def print_outcome(settings: Settings, proposal: Proposal) -> None:
    """Print score, issues, the page of the model and three next steps."""
    name = proposal.name
    connection = psycopg2.connect(**settings.dsn("transformer"))
    with connection, connection.cursor() as cursor:
        cursor.execute(SCORE, [name])
        row = cursor.fetchone()
        cursor.execute(ISSUES, [name, row[0] if row else None])
        issues = cursor.fetchall()
        cursor.execute(PAGE, [name])
        (page,) = cursor.fetchone() or ("start_here/",)
    connection.close()
    say()
    if not row:
        say(f"{name} was not trained: the lines of dbt above say why.")
        return
    version, algorithm, metric, *scores = row
    score, baseline = ("none" if value is None else f"{value:.4g}" for value in scores)
    say(f"{name}, version {version}: {algorithm}, {metric} {score} (baseline {baseline})")
    for message, remedy in issues:
        warn(f"{message}{' Do: ' if remedy else ''}{remedy}")
    if not issues:
        say("The checks of the training name no issue.")
    plan = proposal.forecast
    paths = file_paths(name, proposal.source, plan.frequency.adverb if plan else "")
    if plan:
        first = (
            f"Read dbt/models/{paths['forecast_model.sql']}; docs/training.md lists its options."
        )
    else:
        first = f"Read dbt/models/{paths['features.sql']} and add features of your own."
    say(f"Its page: {settings.local_superset_url}/superset/dashboard/{page}")
    say("Next steps:")
    say(f"  1. {first}")
    say(f"  2. make build SELECT=stg_{proposal.source}__{name}+ after each change.")
    say(f"  3. git add dbt/models, or make remove NAME={name}.")
