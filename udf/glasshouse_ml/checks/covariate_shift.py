"""Adversarial validation: whether a classifier tells the rows of both parts apart."""

import numpy as np

from glasshouse_ml.checks.facts import (
    ISSUE,
    TIP,
    Finding,
    NotApplicable,
    Outcome,
    TrainingFacts,
    column_values,
)
from glasshouse_ml.core.target import Target
from glasshouse_ml.explain.univariate_score import univariate_score

ROWS_PER_PART, MAX_COLUMNS, FOLDS, MIN_ROWS = 1_000, 100, 3, 50
# The AUC has to be above these even at the lower end of its interval.
COLUMN_SPLIT_AUC, TIME_SPLIT_AUC = 0.6, 0.75
# Standard errors: one false alarm in some thousand trainings.
Z = 3.3
MAX_NAMES = 3


def covariate_shift(facts: TrainingFacts) -> Outcome:
    """Training and test rows that a classifier tells apart in cross-validation.

    The standard error of the AUC is that of the Mann-Whitney statistic without a difference.
    """
    by = facts.split.facts["by"]
    if facts.is_random or by == "key":
        return NotApplicable("The rows were split at random, so that the parts are alike.")
    train, test = facts.split.train[:ROWS_PER_PART], facts.split.test[:ROWS_PER_PART]
    if min(len(train), len(test)) < MIN_ROWS:
        return NotApplicable(f"A part has fewer than {MIN_ROWS} rows.")
    rows = np.concatenate([train, test])
    is_test = np.arange(len(rows)) >= len(train)
    # The model gets the distance to the reference time, and never that time itself.
    reference = facts.request.options.get("reference_time")
    names = [f["name"] for f in facts.features if f["name"] != reference][:MAX_COLUMNS]
    columns = {name: column_values(facts, name, rows) for name in names}
    matrix = np.column_stack(list(columns.values()))
    auc = _cross_validated_auc(matrix, is_test, facts)
    error = np.sqrt((len(rows) + 1) / (12 * len(train) * len(test)))
    limit = COLUMN_SPLIT_AUC if by == "column" else TIME_SPLIT_AUC
    if auc - Z * error <= limit:
        return []
    target = Target(is_test.astype(np.int64), ("train", "test"), 1)
    mixed = np.random.default_rng(facts.request.options["seed"]).permutation(len(rows))
    target = Target(target.values[mixed], target.names, 1)
    scores = {
        name: univariate_score(values[mixed], target, name in facts.table.texts) or 0.0
        for name, values in columns.items()
    }
    first = sorted(scores, key=lambda name: -scores[name])[:MAX_NAMES]
    description = ", ".join(f"{name} ({scores[name]:.2f})" for name in first if scores[name] > 0.55)
    message = (
        f"A classifier tells training and test rows apart with ROC AUC {auc:.2f}; 0.5 is alike."
    )
    if description:
        message += f" They differ most in {description}."
    return [Finding(message, first[0] if description else None, ISSUE if by == "column" else TIP)]


def _cross_validated_auc(matrix: np.ndarray, is_test: np.ndarray, facts: TrainingFacts) -> float:
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold
    from sklearn.tree import DecisionTreeClassifier

    # Missing values are a value of their own below all others; trees compare in float32.
    ranks = np.column_stack([_ranks(column) for column in matrix.T])
    predicted = np.empty(len(matrix))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=facts.request.options["seed"])
    for fit, validate in folds.split(ranks, is_test):
        facts.check_interrupts()
        tree = DecisionTreeClassifier(max_depth=6, min_samples_leaf=20, random_state=0)
        tree.fit(ranks[fit], is_test[fit])
        predicted[validate] = tree.predict_proba(ranks[validate])[:, 1]
    return float(roc_auc_score(is_test, predicted))


def _ranks(values: np.ndarray) -> np.ndarray:
    present = ~np.isnan(values)
    ranks = np.zeros(len(values), np.float32)
    ranks[present] = np.unique(values[present], return_inverse=True)[1] + 1
    return ranks
