"""Checks of the scores: univariate scores, the baseline, the training part, rare classes."""

from dataclasses import replace

import numpy as np

from glasshouse_ml.checks.exact_relation import SUM, exact_relation
from glasshouse_ml.checks.facts import (
    ISSUE,
    TIP,
    Finding,
    NotApplicable,
    Outcome,
    TrainingFacts,
    column_values,
    percent,
)
from glasshouse_ml.core.target import Target
from glasshouse_ml.explain.univariate_score import sample_training_rows, univariate_score
from glasshouse_ml.measure.classification_metrics import ClassificationScores

# As in dbt's test no_leakage.
MAX_UNIVARIATE_SCORE = 0.99
# Words may tell nearly without error, as those of spam do. A text with the outcome has no error.
MAX_TEXT_SCORE = 0.999
# Forward in time an earlier value of a number predicts it as well; a copy is nearer still.
MAX_EARLIER_VALUE = 0.9999
# The part of the gain over the baseline that is lost between training and test part. A forest loses
# much of it and is sound, because it knows its training rows by heart.
TIP_LOSS, ISSUE_LOSS = 0.6, 0.9
# A class is rare below this share and below a third of an equal share.
RARE_SHARE, MAX_RARE_CLASSES = 0.1, 5
# Of a rare class the model should find most rows, and there should be some to tell.
MIN_RECALL, MIN_TEST_ROWS = 0.5, 5


# As many columns are named in a message.
MAX_NAMES = 5


def target_leakage(facts: TrainingFacts) -> Outcome:
    """A column that alone predicts the target, or numbers that give it together."""
    if not facts.request.task.needs_target:
        return NotApplicable("There is no target to predict.")
    findings = []
    is_forward = facts.split.facts["by"] == "time" and not facts.target.names
    for feature in facts.features:
        text_score = feature.get("text_score") or 0.0
        if text_score > (MAX_TEXT_SCORE if facts.target.names else MAX_UNIVARIATE_SCORE):
            method = "ROC AUC" if facts.target.names else "R²"
            message = f"The words of column {feature['name']!r} alone predict the target: {method}"
            findings.append(Finding(f"{message} {text_score:.4g}.", feature["name"]))
            continue
        names = ("univariate_score", "univariate_auc")
        value, measure = max((feature.get(name) or 0.0, name) for name in names)
        if value <= MAX_UNIVARIATE_SCORE:
            continue
        method, predicted, remark, severity = "ROC AUC", "the target", "", None
        if not facts.target.names:
            method = "R²" if measure == "univariate_score" else "|Spearman|"
        elif facts.target.has_labels:
            predicted = "one of the labels"
        elif len(facts.target.names) > 2 and not _tells_every_class(facts, feature["name"]):
            predicted = "one class"
            # A flag is seldom natural; a threshold of a measurement is, as for a kind of flower.
            severity = None if _is_flag(facts, feature["name"]) else TIP
        if is_forward and value < MAX_EARLIER_VALUE:
            remark, severity = " It may be an earlier value of the target.", TIP
        message = f"Column {feature['name']!r} alone predicts {predicted}: {method} {value:.4g}."
        findings.append(Finding(message + remark, feature["name"], severity))
    return findings or _exact_relation(facts)


def _exact_relation(facts: TrainingFacts) -> list[Finding]:
    """The numbers whose sum or product is the target."""
    if facts.target.names:
        return []
    rows = sample_training_rows(facts.split.train, facts.target, facts.request.options["seed"])
    numbers = {
        feature["name"]: facts.table.numbers[feature["name"]][rows]
        for feature in facts.features
        if feature["name"] in facts.table.numbers
    }
    relation, names = exact_relation(numbers, facts.target.values[rows])
    if not names:
        return []
    listed = ", ".join(map(repr, names[:MAX_NAMES]))
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    form = "weighted sum" if relation == SUM else "product"
    return [Finding(f"The target is the {form} of the columns {listed}{more}.")]


def _tells_every_class(facts: TrainingFacts, name: str) -> bool:
    """Whether a column alone tells each of several classes from the rest."""
    rows = sample_training_rows(facts.split.train, facts.target, facts.request.options["seed"])
    values, classes = column_values(facts, name, rows), facts.target.values[rows]
    targets = (
        Target((classes == position).astype(np.int64), ("others", "class"), 1)
        for position in np.unique(classes)
    )
    is_category = name in facts.table.texts
    areas = (univariate_score(values, target, is_category) or 0.0 for target in targets)
    return all(area > MAX_UNIVARIATE_SCORE for area in areas)


def _is_flag(facts: TrainingFacts, name: str) -> bool:
    """Whether a column is a category, has two values, or predicts by being NULL."""
    if name in facts.table.texts:
        return True
    rows = sample_training_rows(facts.split.train, facts.target, facts.request.options["seed"])
    values = facts.table.numbers[name][rows]
    target = replace(facts.target, values=facts.target.values[rows])
    by_null = univariate_score(np.isnan(values).astype(np.int64), target, True) or 0.0
    return len(np.unique(values)) <= 2 or by_null > MAX_UNIVARIATE_SCORE


def baseline_not_beaten(facts: TrainingFacts) -> Outcome:
    """A model that is no better than its baseline on the test rows."""
    if facts.baseline is None:
        return NotApplicable("This task has no baseline.")
    metric = facts.metric
    score, baseline = metric.value(facts.test), metric.value(facts.baseline)
    gain = metric.gain(score) - metric.gain(baseline)
    lower, _ = facts.gain_over_baseline
    if not gain <= 0 and not lower <= 0:
        return []
    message = (
        f"{metric.name} is {score:.4g} for the model and {baseline:.4g} for the baseline on "
        f"{len(facts.test.actual)} test rows"
    )
    is_close = "" if gain <= 0 else ": chance alone can explain the difference"
    return [Finding(f"{message}{is_close}.")]


def overfitting(facts: TrainingFacts) -> Outcome:
    """A training score far above the test score, by the gain over the baseline."""
    if facts.baseline is None:
        return NotApplicable("This task has no baseline that the gap can be compared with.")
    metric = facts.metric
    score, training = metric.value(facts.test), metric.value(facts.training)
    baseline = metric.gain(metric.value(facts.baseline))
    gain = metric.gain(training) - baseline
    _, upper = facts.gain_over_baseline
    # By the most that the test rows allow: few of them never raise an alarm by chance.
    test_gain = upper if np.isfinite(upper) else metric.gain(score) - baseline
    loss = 1 - test_gain / gain if gain > 0 else 0.0
    if not loss >= TIP_LOSS:
        return []
    message = (
        f"{metric.name} is {training:.4g} on training rows and {score:.4g} on test rows: at least "
        f"{percent(min(loss, 1.0))} of the gain over the baseline is lost."
    )
    return [Finding(message, severity=ISSUE if loss >= ISSUE_LOSS else None)]


def rare_class(facts: TrainingFacts) -> Outcome:
    """Rare classes that the model seldom predicts at its threshold."""
    names, test = facts.target.names, facts.test
    if facts.target.has_labels:
        return _constant_labels(facts)
    if not names or not isinstance(test, ClassificationScores):
        return NotApplicable("There are no classes to predict.")
    counts = np.bincount(facts.target.values[facts.split.train], minlength=len(names))
    shares = counts / counts.sum()
    rare = np.flatnonzero(shares < min(RARE_SHARE, 1 / (3 * len(names))))
    findings = []
    for position in rare[np.argsort(counts[rare], kind="stable")][:MAX_RARE_CLASSES]:
        is_class = test.actual == position
        rows, hits = int(is_class.sum()), int((test.predicted[is_class] == position).sum())
        if rows >= MIN_TEST_ROWS and hits >= MIN_RECALL * rows:
            continue
        rule = f"At the threshold {test.threshold:g}" if test.binary else "As the most probable one"
        findings.append(
            Finding(
                f"Class {names[position]!r} has {counts[position]} training rows "
                f"({percent(shares[position])}). {rule} it is predicted for {hits} of its {rows} "
                "test rows.",
                facts.request.target,
            )
        )
    return findings


def _constant_labels(facts: TrainingFacts) -> list[Finding]:
    """Labels that every training row has, or none: the model knows nothing about them."""
    counts = facts.target.values[facts.split.train].sum(axis=0, dtype=np.int64)
    rows = len(facts.split.train)
    return [
        Finding(
            f"{'Every' if counts[position] else 'No'} training row has the label {name!r}: its "
            f"probability is {int(counts[position] > 0)} for every row.",
            facts.request.target,
            ISSUE,
            "Split the rows in another way, or leave the label out.",
        )
        for position, name in enumerate(facts.target.names)
        if counts[position] in (0, rows)
    ]
