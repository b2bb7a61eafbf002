"""scikit-learn's predict for one row after the other, warm."""

from common import ARGUMENTS, answer, read, seconds
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

frame = read(f"{ARGUMENTS['query']} where id <= 10000", "adbc")
labels = frame.pop("target").to_numpy(int)
matrix = frame.drop(columns="id").to_numpy(float)
model = make_pipeline(StandardScaler(), LogisticRegression()).fit(matrix, labels)
rows = [matrix[place : place + 1] for place in range(1000)]


def one_by_one() -> None:
    """A call for each row."""
    for row in rows:
        model.predict(row)


one_by_one()
answer(microseconds=seconds(one_by_one) / len(rows) * 1e6)
