"""The table of the checks. ml.help('checks') shows it."""

from typing import NamedTuple

from glasshouse_ml.checks import columns, covariate_shift, scores, split
from glasshouse_ml.checks.facts import ISSUE, TIP, Check, percent
from glasshouse_ml.data.free_text import MIN_WORDS


class Entry(NamedTuple):
    """A check: its code, what a finding of it means, and what to do then."""

    code: str
    severity: str  # of a finding that has none of its own
    title: str
    meaning: str
    remedy: str
    passed: str  # what is true where nothing is found
    check: Check


CHECKS = (
    Entry(
        "target_leakage",
        ISSUE,
        "Target leakage",
        "One feature by itself predicts the target nearly without error (ROC AUC, R² or |Spearman| "
        f"above {scores.MAX_UNIVARIATE_SCORE}; of the words of a text, above "
        f"{scores.MAX_TEXT_SCORE}). Usually it contains the answer, for example a date "
        "that is set when the outcome is known, and is not available when the model is used. It is "
        "a tip where a number is predicted forward in time and the column may be an earlier value. "
        "Numbers whose sum or product is the target leak it together.",
        "Leave the column out, unless its value is known before the outcome.",
        "No column alone predicts the target, and it is no sum or product of others.",
        scores.target_leakage,
    ),
    Entry(
        "date_with_random_split",
        TIP,
        "Date and random split",
        "The rows have a date and were split at random, so that the test part lies in the same "
        "days as the training part. A model for later rows is then tested too kindly.",
        "If the model predicts later rows, split by time.",
        "No date is beside the random split.",
        split.date_with_random_split,
    ),
    Entry(
        "id_with_random_split",
        TIP,
        "Id and random split",
        "Several rows belong to one id, such as a customer, and a random split puts them into both "
        "parts. The model can recognise the id instead of predicting. It is an issue where the "
        "rows of an id have nearly always the same target.",
        "Split by group or by key, so that the rows of an id stay together.",
        "No id has rows in both parts of the random split.",
        split.id_with_random_split,
    ),
    Entry(
        "duplicates_across_split",
        TIP,
        "Duplicates across the split",
        "Test rows equal a training row in every feature. The model has seen them, so they do not "
        "test it. It is an issue where the score is clearly worse without them.",
        "Remove duplicates in the query with SELECT DISTINCT, or split by a key that they share.",
        "No test row equals a training row.",
        split.duplicates_across_split,
    ),
    Entry(
        "key_feature",
        ISSUE,
        "Keys among the features",
        "A feature numbers the rows, so that it identifies a row and describes nothing. It is a "
        "tip where only the name says that the column is a key.",
        "Leave the column out, name it as key, or cast it to text where it is a category.",
        "No feature is a key.",
        columns.key_feature,
    ),
    Entry(
        "excluded_column",
        TIP,
        "Excluded columns",
        "The model does not use this column: it is empty, constant, a key or of a type that no "
        "feature can be made of.",
        "Change the column in the query, if the model should use it.",
        "No column is left out, beside the target, the key and the column of the split.",
        columns.excluded_column,
    ),
    Entry(
        "number_or_date_as_text",
        TIP,
        "Numbers or dates as text",
        f"At least {percent(columns.MOSTLY)} of the values of a text column are numbers or "
        "dates. As text they are categories without an order.",
        "Cast the column in the query.",
        "No text column holds numbers or dates.",
        columns.number_or_date_as_text,
    ),
    Entry(
        "sentence_as_category",
        ISSUE,
        "Sentences as categories",
        f"A column holds free text ({MIN_WORDS} words or more on average, most of them different), "
        "and options.columns makes it a category. The model then recognises whole texts only and "
        "learns nothing from words. It is a tip where the column is left out.",
        'Leave it out of options.columns, or write options => \'{"columns": {"name": "text"}}\': '
        "the model then learns from its words.",
        "No category is a sentence.",
        columns.sentence_as_category,
    ),
    Entry(
        "rare_class",
        TIP,
        "Rare classes",
        "A class has few rows, and its probability seldom exceeds the threshold, so that the model "
        "predicts it for less than half of its test rows. It is an issue where all training rows "
        "have a label of a multilabel, or none has.",
        "Rank rows by their probability, set options.costs to choose the threshold, or give more "
        "rows of the class.",
        "No class is rare, or the rare ones are predicted.",
        scores.rare_class,
    ),
    Entry(
        "baseline_not_beaten",
        ISSUE,
        "Comparison with the baseline",
        "On the test rows the model is not clearly better than the baseline, which ignores every "
        "feature: the 99 % interval of the difference (paired bootstrap) includes 0.",
        "Use the baseline, or give features that say more about the target, or more rows.",
        "The model is better than its baseline.",
        scores.baseline_not_beaten,
    ),
    Entry(
        "covariate_shift",
        ISSUE,
        "Covariate shift (adversarial validation)",
        "A decision tree that is trained to tell training rows from test rows succeeds in "
        "cross-validation (adversarial validation). Training rows then say little about "
        "test rows. It is a tip where the rows are split by time or group.",
        "See whether the named columns drift, count time, or are filled differently, and leave "
        "them out or express them as differences.",
        "A classifier cannot tell training rows from test rows.",
        covariate_shift.covariate_shift,
    ),
    Entry(
        "overfitting",
        TIP,
        "Overfitting",
        f"At least {percent(scores.TIP_LOSS)} of the gain over the baseline on training rows "
        f"is lost on test rows; from {percent(scores.ISSUE_LOSS)} on it is an issue. The "
        "model has learned its training rows by heart.",
        "Limit the model (fewer or smaller trees, more regularisation), or give more rows.",
        "Training and test score are close enough.",
        scores.overfitting,
    ),
    Entry(
        "class_missing_from_part",
        TIP,
        "Classes in both parts",
        "All rows of a class are in the training part, so that nothing is known of how well it is "
        "predicted. The reverse, a class without training rows, is an error of ml.train.",
        "Give more rows of the class, split in another way, or join it with another class.",
        "Both parts have rows of every class.",
        split.class_missing_from_part,
    ),
    Entry(
        "unlabelled_rows",
        TIP,
        "Rows without a target",
        "Rows whose target is NULL are left out. It is an issue where one part has "
        f"{split.UNLABELLED_RATIO} times as many of them as the other.",
        "Leave them out in the query, if that is right; otherwise find out why they have none.",
        "Every row has a target.",
        split.unlabelled_rows,
    ),
    Entry(
        "float32_precision",
        TIP,
        "Precision of float32",
        "Different values of a column are equal in float32 (24 binary digits), with which tree "
        "algorithms other than hist_gradient_boosting compute, for example seconds since 1970.",
        "Subtract a constant or divide in the query, so that about seven digits are enough.",
        "Values that differ stay different in float32.",
        columns.float32_precision,
    ),
)
