"""Body of ml.algorithms."""

from glasshouse_ml.model.algorithms import catalogue_rows


def main():
    return catalogue_rows()
