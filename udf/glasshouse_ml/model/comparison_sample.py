"""options.comparison_rows: candidates are compared on a sample of the training rows.

The order of candidates is known long before the last digits of their scores are. So with very many
rows each candidate is cross-validated on a sample, and only the best one is fitted on all rows.
"""

from dataclasses import replace

import numpy as np

from glasshouse_ml.core.split import Split
from glasshouse_ml.core.target import Target
from glasshouse_ml.model.search import subsample

# Each class has at least so many rows in the sample; a rarer one would be missing from a fold.
MIN_CLASS_ROWS = 500


def with_comparison_sample(split: Split, target: Target, rows: int | None, seed: int) -> Split:
    """The split with folds of a sample of about so many training rows, with the shares of classes.

    The facts of the split name the number of rows. The training part stays whole. None, or as many
    rows as there are: the split itself.
    """
    count = len(split.train)
    if rows is None or rows >= count:
        return split
    labels, share = np.zeros(count), rows / count
    if target.names and not target.has_labels:
        labels = target.values[split.train]
        share = max(share, MIN_CLASS_ROWS / target.rows_of_classes(labels).min())
    if share >= 1:
        return split
    is_sampled = np.zeros(count, bool)
    is_sampled[subsample(labels, share, seed)] = True
    folds = [(fit[is_sampled[fit]], part[is_sampled[part]]) for fit, part in split.folds]
    return replace(
        split, folds=folds, facts={**split.facts, "comparison_rows": int(is_sampled.sum())}
    )
