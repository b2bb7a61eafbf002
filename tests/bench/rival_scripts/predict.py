"""The predictions of a boosted model for rows that are in numpy already."""

from common import ARGUMENTS, answer, read, seconds
from sklearn.ensemble import HistGradientBoostingClassifier

frame = read(ARGUMENTS["query"], "adbc")
labels = frame.pop("target").to_numpy(int)
matrix = frame.drop(columns="id").to_numpy(float)
model = HistGradientBoostingClassifier().fit(matrix, labels)
answer(seconds=seconds(lambda: model.predict_proba(matrix)))
