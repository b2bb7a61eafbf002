"""ml.predict_shard: what ml.predict_into calls on a worker for each shard."""

from glasshouse_ml.data.database import Database
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.spread.predict_into import insert_statement
from glasshouse_ml.use.sql_export.compiling import compile_prediction


def predict_shard(
    db: Database,
    model: str,
    version: int,
    content: bytes,
    signature: bytes,
    source: str,
    target: str,
) -> int:
    """Insert the predictions for the rows of one shard into another; the number of rows.

    `source` and `target` are quoted names of relations of this server.
    """
    [names] = db.call(
        "select $1::regclass::text as source, $2::regclass::text as target",
        ("text", "text"),
        (source, target),
    )
    source, target = names["source"], names["target"]
    with registry.shared_artifact(db, model, version, content, signature):
        query = f"select * from {source}"  # noqa: S608
        statement = compile_prediction(db, model, query, version, all_rows=True)
        db.call(insert_statement(db, registry.load(db, model, version), target, statement))
    return db.call(f"select count(*) as n from {source}")[0]["n"]  # noqa: S608
