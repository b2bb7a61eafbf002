"""The scikit-learn Pipeline around an estimator: all that is learned is learned in its fit().

Fitted on training rows alone, and inside the cross-validation on the rows of each fold alone.
Only scikit-learn's own classes are used, because an artifact may hold nothing else.
"""

from collections.abc import Sequence
from typing import Any

from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler, TargetEncoder

from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.table import CATEGORY, LIST
from glasshouse_ml.data.calendar_parts import is_date
from glasshouse_ml.data.encoding import MAX_CATEGORIES
from glasshouse_ml.model.age_encoder import AgeEncoder
from glasshouse_ml.model.algorithms import Algorithm, input_tags
from glasshouse_ml.model.calendar_encoder import CalendarEncoder
from glasshouse_ml.model.item_indicator import ItemIndicator
from glasshouse_ml.model.text_vectorizer import DIMENSIONS, TextVectorizer

# What these keep of a sparse matrix could not be checked in a stored model, or not be measured.
_DENSE = (
    "sklearn.svm",
    "sklearn.neighbors",
    "sklearn.cluster",
    "sklearn.covariance",
    "sklearn.decomposition",
)

# These learn a weight for each of many thousand words, sparse, and in a time that grows with the
# words that are there. All others get free text in a few dimensions.
_TAKES_TERMS = (
    "BernoulliNB", "ElasticNet", "GammaRegressor", "Lasso", "LinearSVR", "LogisticRegression",
    "LogisticRegressionCV", "PoissonRegressor", "Ridge", "SGDClassifier", "SGDOneClassSVM",
    "SGDRegressor", "TweedieRegressor",
)  # fmt: skip
# Trees compare the values of one column, so scaling changes no prediction. It could take a value
# out of the range of float32, in which these trees compare.
_TREES = ("sklearn.ensemble", "sklearn.tree")

# A name, a transformer and the columns it takes.
Part = tuple[str, Any, list[int]]

# How many parts of the rows teach one another the mean of the answers.
_MEANS_FOLDS = 5


def preprocessing_pipeline(
    algorithm: Algorithm,
    params: dict[str, Any],
    features: Sequence[Feature],
    seed: int,
    monotonic: dict[str, int] | None = None,
    reference_time: str | None = None,
) -> Pipeline:
    """An untrained Pipeline for the matrix of encoding.encode()."""
    categories = [i for i, feature in enumerate(features) if feature.kind == CATEGORY]
    dated = _dated(features, reference_time)
    numbers = [i for i, feature in enumerate(features) if not feature.is_textual and i not in dated]
    many = [i for i in categories if len(features[i].categories) > MAX_CATEGORIES]
    few = [i for i in categories if i not in many]
    estimator = algorithm.build(params, seed)
    takes = input_tags(estimator)
    # What bears NULL bears it in a dense matrix alone: trees refuse it in a sparse one.
    sparse = takes.sparse and not takes.allow_nan and not algorithm.path.startswith(_DENSE)
    dimensions = 0 if type(estimator).__name__ in _TAKES_TERMS else DIMENSIONS
    texts = [
        _document_part(feature.kind, place, column, dimensions, sparse, seed)
        for place, (column, feature) in enumerate(
            (i, f) for i, f in enumerate(features) if f.has_documents
        )
    ]
    # The parts of a date are no monotonic function of it.
    calendars = {
        column: feature.calendar_parts
        for column, feature in enumerate(features)
        if feature.calendar_parts and feature.name not in (monotonic or {})
    }
    steps: list[tuple[str, Any]] = []
    # The columns as they reach an estimator that takes categories as they are.
    order = list(range(len(features)))
    if "categorical_features" in algorithm.parameters:
        texts = [*_age_part(dated), *_calendar_parts(calendars), *texts]
        if many or texts or dated:
            order = [*numbers, *few, *many]
            means = _means(algorithm.task, seed)
            prepare = _parts("passthrough", "passthrough", means, numbers, few, many, texts)
            steps.append(("prepare", prepare))
        if "categorical_features" not in params:
            categorical = [place for place, column in enumerate(order) if column in few]
            estimator.set_params(categorical_features=categorical or None)
        if monotonic:
            signs = [monotonic.get(features[column].name, 0) for column in order]
            # What grows with a date falls with the age.
            signs += [-monotonic.get(features[column].name, 0) for column in dated[:-1]]
            signs += [0] * sum(map(len, calendars.values()))
            signs += [0] * sum(
                1 + (len(feature.words) if feature.kind == LIST else DIMENSIONS)
                for feature in features
                if feature.has_documents
            )
            estimator.set_params(monotonic_cst=signs)
    elif not algorithm.is_baseline:
        for_numbers: Any = "passthrough"
        for_many: Any = _means(algorithm.task, seed)
        if takes.positive_only:
            texts = [
                (name, part if isinstance(part, ItemIndicator) else _positive(part), column)
                for name, part, column in texts
            ]
        if not takes.allow_nan:
            for_numbers = Pipeline([("impute", _imputer())])
            for_many = Pipeline([("means", for_many)])
            if not algorithm.path.startswith(_TREES):
                scaler = (
                    MinMaxScaler(clip=True, copy=False)
                    if takes.positive_only
                    else StandardScaler(copy=False)
                )
                for_numbers.steps.append(("scale", scaler))
                for_many.steps.append(("scale", StandardScaler(copy=False)))
        # NULL gets a column of its own; a category not met in training gets a zero in each.
        one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=sparse)
        if algorithm.path.startswith(_TREES) or takes.allow_nan:
            last = None if takes.allow_nan else _imputer()
        else:
            # Of a sum, each month has a weight of its own.
            last = OneHotEncoder(handle_unknown="ignore", sparse_output=sparse)
        texts = [
            *_age_part(dated, None if takes.allow_nan else for_numbers),
            *_calendar_parts(calendars, last),
            *texts,
        ]
        if categories or texts or dated or not takes.allow_nan:
            prepare = _parts(for_numbers, one_hot, for_many, numbers, few, many, texts)
            steps.append(("prepare", prepare))
    return Pipeline([*steps, ("estimate", algorithm.wrap(estimator))])


def _document_part(
    kind: str, place: int, column: int, dimensions: int, sparse: bool, seed: int
) -> Part:
    """The transformer of a free text or of a list; `place` is that of its documents."""
    if kind == LIST:
        return f"list {place}", ItemIndicator(place, sparse), [column]
    return f"text {place}", TextVectorizer(place, dimensions, seed), [column]


def _dated(features: Sequence[Feature], reference_time: str | None) -> list[int]:
    """The columns of dates whose age is taken, and last that of the reference time."""
    if reference_time is None:
        return []
    dates = [i for i, feature in enumerate(features) if is_date(feature.type)]
    names = [features[i].name for i in dates]
    reference = dates[names.index(reference_time)]
    return [*(i for i in dates if i != reference), reference]


def _age_part(dated: list[int], numbers: Any = None) -> list[Part]:
    """The transformer of ages, followed by the steps that numbers get."""
    if len(dated) < 2:
        return []
    if numbers is None:
        return [("ages", AgeEncoder(), dated)]
    return [("ages", Pipeline([("age", AgeEncoder()), *clone(numbers).steps]), dated)]


def _calendar_parts(calendars: dict[int, tuple[str, ...]], last: Any = None) -> list[Part]:
    """The transformers of dates by column, with a last step where the estimator needs one."""
    parts: list[Part] = []
    for column, names in calendars.items():
        encoder: Any = CalendarEncoder(list(names))
        if last is not None:
            encoder = Pipeline([("calendar", encoder), ("last", clone(last))])
        parts.append((f"calendar {column}", encoder, [column]))
    return parts


def _means(task: str, seed: int) -> TargetEncoder:
    """Of too many categories for a column each: the mean of the answers, learned crosswise.

    While it is fitted, a row is encoded by the answers of other rows, never by its own.
    """
    if task == "regression":
        # Whole numbers would be taken for classes.
        folds = KFold(_MEANS_FOLDS, shuffle=True, random_state=seed)
        return TargetEncoder(target_type="continuous", cv=folds)
    return TargetEncoder(cv=StratifiedKFold(_MEANS_FOLDS, shuffle=True, random_state=seed))


def _positive(vectorizer: TextVectorizer) -> Pipeline:
    return Pipeline([("text", vectorizer), ("scale", MinMaxScaler(clip=True))])


def _imputer() -> SimpleImputer:
    # That a value is missing can tell as much as the value: a 0/1 column says so, where needed.
    # In place: what reaches it was copied out of the matrix by the ColumnTransformer.
    return SimpleImputer(
        strategy="median", add_indicator=True, keep_empty_features=True, copy=False
    )


def _parts(
    for_numbers: Any,
    for_few: Any,
    for_many: Any,
    numbers: list[int],
    few: list[int],
    many: list[int],
    others: list[Part],
) -> ColumnTransformer:
    parts = [("numbers", for_numbers, numbers), ("categories", for_few, few)]
    parts += [("many", for_many, many), *others]
    return ColumnTransformer([part for part in parts if part[2]])
