"""The kinds of question the engine answers, by name."""

from glasshouse_ml.core.task import Task
from glasshouse_ml.tasks.classification import Classification
from glasshouse_ml.tasks.clustering import Clustering
from glasshouse_ml.tasks.decomposition import Decomposition
from glasshouse_ml.tasks.forecast import Forecast
from glasshouse_ml.tasks.multilabel import Multilabel
from glasshouse_ml.tasks.outliers import Outliers
from glasshouse_ml.tasks.regression import Regression

TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Classification(),
        Regression(),
        Multilabel(),
        Clustering(),
        Outliers(),
        Decomposition(),
        Forecast(),
    )
}
