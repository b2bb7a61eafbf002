"""A regression for each group, in a loop over data that are in numpy already."""

from common import ARGUMENTS, answer, read, seconds
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import KFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

frame = read(ARGUMENTS["query"], "adbc")
parts = [
    (part[ARGUMENTS["features"]].to_numpy(float), part["y"].to_numpy(float))
    for _, part in frame.groupby("grp")
]


def estimator():
    """Untrained; trees need no scaling."""
    if ARGUMENTS["algorithm"] == "ridge":
        return make_pipeline(StandardScaler(), Ridge())
    return HistGradientBoostingRegressor()


def train() -> None:
    """Folds, refit and test, group by group."""
    for matrix, labels in parts:
        x, outside, y, truth = train_test_split(matrix, labels, test_size=0.2)
        for fit, validate in KFold(ARGUMENTS["folds"]).split(x):
            model = estimator().fit(x[fit], y[fit])
            root_mean_squared_error(y[validate], model.predict(x[validate]))
        best = estimator().fit(x, y)
        root_mean_squared_error(truth, best.predict(outside))


answer(seconds=seconds(train))
