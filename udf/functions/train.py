"""Body of ml.train: hands its arguments to the package."""

from glasshouse_ml.data.database import Database
from glasshouse_ml.train.request import parse_request
from glasshouse_ml.train.training import train


def main(model, query, task, target, key, algorithms, metric, split, options):
    request = parse_request(model, query, task, target, key, algorithms, metric, split, options)
    return train(Database(plpy, GD), request)
