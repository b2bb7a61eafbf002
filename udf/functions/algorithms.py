"""Body of ml.algorithms."""

from glasshouse_ml.algorithms import catalogue_rows


def main():
    return catalogue_rows()
