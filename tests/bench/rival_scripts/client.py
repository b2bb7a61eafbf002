"""A client that reads rows, predicts them with a linear model, and writes the answers back."""

import io

import psycopg2
from common import ARGUMENTS, DSN, answer, read, seconds
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

sample = read(f"{ARGUMENTS['query']} where id <= 100000", "adbc")
labels = sample.pop("target").to_numpy(int)
model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
model.fit(sample.drop(columns="id").to_numpy(float), labels)


def score() -> None:
    """Read, predict, write."""
    frame = read(ARGUMENTS["query"], "adbc")
    matrix = frame.drop(columns=["id", "target"]).to_numpy(float)
    result = frame[["id"]].copy()
    result["score"] = model.predict_proba(matrix)[:, 1]
    result["prediction"] = result["score"] > 0.5
    content = io.StringIO()
    result.to_csv(content, index=False, header=False)
    content.seek(0)
    with psycopg2.connect(**DSN) as connection, connection.cursor() as cursor:
        cursor.execute("drop table if exists bench.scored_by_client")
        cursor.execute(
            "create table bench.scored_by_client (id int, score float8, prediction text)"
        )
        cursor.copy_expert("copy bench.scored_by_client from stdin csv", content)


answer(seconds=seconds(score))
