"""Columns that alone predict the target: they usually say the outcome, and are no features."""

import json

from psycopg2 import Error, sql
from psycopg2.extensions import cursor as Cursor

from scripts.add.facts import SourceTable
from scripts.add.proposal import Proposal
from scripts.errors import UserError

# The limit of the dbt test no_leakage.
LIMIT = 0.99
# One cheap model on so many rows is enough for the scores of single columns.
ROWS = 20_000
# Of a large table they are chosen among so many, from blocks in random places.
SAMPLED_ROWS = 100_000
# A name with a dot belongs to no model of the reports.
PROBE = "leak_check.{}"
ALGORITHM = {
    "classification": "logistic_regression",
    "regression": "ridge",
    "multilabel": "logistic_regression",
}
OPTIONS = {
    "bootstrap": 0, "folds": 2, "importance_repeats": 0, "learning_curve": 0, "promote": "never",
}  # fmt: skip
SCORES = """
    select entry ->> 'name', greatest(
        (entry ->> 'univariate_score')::float8,
        (entry ->> 'univariate_auc')::float8,
        -- As in the check target_leakage: the words of spam tell nearly without error.
        case when (entry ->> 'text_score')::float8 > 0.999 then (entry ->> 'text_score')::float8 end
    )
    from ml.model_versions, jsonb_array_elements(features) as entries(entry)
    where model = %s
"""


def leaking_columns(cursor: Cursor, proposal: Proposal, table: SourceTable) -> dict[str, str]:
    """Reason by column for each feature that alone predicts the target.

    Trains a model of one cheap algorithm, reads the scores of the single columns, and rolls the
    training back. The connection is in autocommit mode.
    """
    if proposal.task not in ALGORITHM:
        return {}
    name = PROBE.format(proposal.name)
    features = [column.name for column in proposal.features]
    # The split of the model, so that one that cannot be made is an error before files are written.
    split_column = [proposal.split["column"]] if "column" in proposal.split else []
    columns = [
        sql.SQL("{} as {}").format(
            sql.SQL(proposal.computed[name]) if name in proposal.computed else sql.Identifier(name),
            sql.Identifier(name),
        )
        for name in [*features, *split_column, *proposal.targets]
    ]
    query = sql.SQL(
        "select {} from {} where {} order by hashtextextended(({}.*)::text, 0) limit {}"
    ).format(
        sql.SQL(", ").join(columns),
        table.sample(table.name, SAMPLED_ROWS),
        sql.SQL(" and ").join(
            sql.SQL("{} is not null").format(sql.Identifier(name)) for name in proposal.targets
        ),
        sql.Identifier(table.name),
        sql.Literal(ROWS),
    )
    cursor.execute("begin")
    try:
        cursor.execute(
            "select * from ml.train(%s, %s, %s, %s, algorithms => %s, split => %s, options => %s)",
            [
                name, query.as_string(cursor), proposal.task, proposal.target,
                json.dumps([{"algorithm": ALGORITHM[proposal.task]}]),
                json.dumps(proposal.split), json.dumps(OPTIONS),
            ],
        )  # fmt: skip
        cursor.execute(SCORES, [name])
        scores = {column: score for column, score in cursor.fetchall() if score is not None}
    except Error as error:
        message = str(error.diag.message_primary or error).strip()
        raise UserError(
            f"{table.schema}.{table.name} cannot be learned from: {message}",
            error.diag.message_hint or "look at the table with make psql",
        ) from None
    finally:
        cursor.execute("rollback")
    return with_relatives(
        {
            column: f"it alone predicts {proposal.target} (score {score:.3f})"
            for column, score in scores.items()
            if score > LIMIT
        },
        features,
    )


def with_relatives(leaks: dict[str, str], names: list[str]) -> dict[str, str]:
    """The leaks and the columns that belong to them: `status_date` tells when `status` was set."""
    relatives = {
        name: f"its name says that it belongs to {leak}, which says the outcome"
        for leak in leaks
        for name in names
        if name.startswith(f"{leak}_") and name not in leaks
    }
    return leaks | relatives
