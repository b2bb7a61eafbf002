"""Gradient boosting with two folds, refit and test: scikit-learn alone, data in numpy already."""

from common import ARGUMENTS, answer, peak_mb, read, seconds
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, train_test_split

frame = read(ARGUMENTS["query"], ARGUMENTS.get("way", "adbc"))
labels = frame.pop("target").to_numpy(int)
matrix = frame.drop(columns="id").to_numpy(float)


def train() -> None:
    """What ml.train does with one candidate, without the registry."""
    inside, outside = train_test_split(range(len(matrix)), test_size=0.2, stratify=labels)
    x, y = matrix[inside], labels[inside]
    for fit, validate in StratifiedKFold(ARGUMENTS["folds"]).split(x, y):
        model = HistGradientBoostingClassifier().fit(x[fit], y[fit])
        roc_auc_score(y[validate], model.predict_proba(x[validate])[:, 1])
    best = HistGradientBoostingClassifier().fit(x, y)
    roc_auc_score(labels[outside], best.predict_proba(matrix[outside])[:, 1])


answer(seconds=seconds(train), peak_mb=peak_mb())
