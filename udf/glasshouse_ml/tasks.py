"""The kinds of question the engine answers, by name."""

from glasshouse_ml.classification import Classification
from glasshouse_ml.clustering import Clustering
from glasshouse_ml.decomposition import Decomposition
from glasshouse_ml.outliers import Outliers
from glasshouse_ml.regression import Regression
from glasshouse_ml.task import Task

TASKS: dict[str, Task] = {
    task.name: task
    for task in (Classification(), Regression(), Clustering(), Outliers(), Decomposition())
}
