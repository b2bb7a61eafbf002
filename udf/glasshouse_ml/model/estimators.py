"""The table behind the catalogue: for each task the scikit-learn classes and what they do.

Left out on purpose: what wraps other estimators (voting, stacking, calibration), what predicts
several targets at once, what takes one feature only (isotonic regression), what gives no
probabilities (perceptron, ridge and support vector classifiers), what may find no neighbour to
answer from (radius neighbours), what expects counts of words or codes (multinomial, complement and
categorical naive Bayes), what learns from unlabelled rows (label propagation), and Gaussian
processes, whose cost grows with the cube of the rows. Of the clusterings only those are here that
can say to which cluster a new row belongs, and of the decompositions those that know the way back
from components to a row (not so: counts of topics, sparse codes in a given dictionary; a kernel's
way back costs as much as all rows by all rows).
"""

from typing import Any

# Name, class, our class around it in boosting.py, and what it does; each in its own library, which
# not every server has.
EXTRAS: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "classification": (
        (
            "lightgbm", "lightgbm.LGBMClassifier", "LightGBMClassifier",
            "LightGBM: many small trees in turn, grown leaf by leaf; fast on many rows",
        ),
        (
            "xgboost", "xgboost.XGBClassifier", "XGBoostClassifier",
            "XGBoost: many small trees in turn, grown level by level",
        ),
    ),
    "regression": (
        (
            "lightgbm", "lightgbm.LGBMRegressor", "LightGBMRegressor",
            "LightGBM: many small trees in turn, grown leaf by leaf; fast on many rows",
        ),
        (
            "xgboost", "xgboost.XGBRegressor", "XGBoostRegressor",
            "XGBoost: many small trees in turn, grown level by level",
        ),
    ),
}  # fmt: skip

# The most training rows of algorithms that compare all rows with all rows in one call, which cannot
# be interrupted. With so many rows a fit takes about a minute.
MAX_ROWS = {
    "kernel_ridge": 10_000,
    "local_outlier_factor": 50_000,
    "nu_svr": 20_000,
    "one_class_svm": 20_000,
    "quantile": 10_000,
    "svr": 20_000,
}

# The classifications that a multilabel fits once for each label. A set of slow ones would not end.
MULTILABEL = (
    "decision_tree", "dummy", "extra_trees", "gaussian_nb", "hist_gradient_boosting",
    "logistic_regression", "random_forest",
)  # fmt: skip

Entry = tuple[str, str] | tuple[str, str, dict[str, Any]] | tuple[str, str, dict[str, Any], str]

# As many as a picture has directions.
_TWO: dict[str, Any] = {"n_components": 2}

# Module and class, what it does, and where needed defaults other than scikit-learn's and a name
# other than the class's.
ESTIMATORS: dict[str, tuple[Entry, ...]] = {
    "classification": (
        (
            "dummy.DummyClassifier",
            "Ignores every feature and answers with the shares of the classes: the baseline",
            {"strategy": "prior"},
        ),
        (
            "linear_model.LogisticRegression",
            "A weighted sum of the features, turned into a probability",
            {"max_iter": 1_000},
        ),
        (
            "ensemble.HistGradientBoostingClassifier",
            "Many small trees, each correcting those before it; fast on many rows",
        ),
        (
            "ensemble.RandomForestClassifier",
            "The mean of many deep trees, each grown on other rows and features",
        ),
        ("ensemble.ExtraTreesClassifier", "A forest whose trees split at random places"),
        ("ensemble.GradientBoostingClassifier", "Small trees in turn, exact and slow"),
        ("ensemble.AdaBoostClassifier", "Weak trees in turn, each minding the rows still wrong"),
        ("ensemble.BaggingClassifier", "The mean of deep trees, each grown on other rows"),
        ("tree.DecisionTreeClassifier", "One tree of questions"),
        ("tree.ExtraTreeClassifier", "One tree of questions with random thresholds"),
        (
            "linear_model.LogisticRegressionCV",
            "Logistic regression that finds its strength of regularisation by itself",
            # What scikit-learn is about to make its own defaults.
            {
                "max_iter": 1_000,
                "l1_ratios": (0.0,),
                "scoring": "neg_log_loss",
                "use_legacy_attributes": False,
            },
        ),
        (
            "linear_model.SGDClassifier",
            "Logistic regression learned row by row; for very many rows",
            {"loss": "log_loss"},
        ),
        (
            "discriminant_analysis.LinearDiscriminantAnalysis",
            "One bell shape for each class, all of equal spread",
        ),
        (
            "discriminant_analysis.QuadraticDiscriminantAnalysis",
            "One bell shape for each class, each of its own spread",
            {"reg_param": 1e-3},
        ),
        ("naive_bayes.GaussianNB", "Each feature by itself as a bell shape for each class"),
        ("naive_bayes.BernoulliNB", "Each feature by itself as above or below its mean"),
        (
            "neighbors.KNeighborsClassifier",
            "The classes of the most similar rows",
            # A search tree in a stored model could not be checked before it is followed.
            {"algorithm": "brute"},
        ),
        ("neighbors.NearestCentroid", "The class whose mean row is nearest"),
        (
            "neural_network.MLPClassifier",
            "A small neural network",
            {"max_iter": 500},
        ),
    ),
    "regression": (
        (
            "dummy.DummyRegressor",
            "Ignores every feature and always answers with the mean or median: the baseline",
        ),
        ("linear_model.Ridge", "A weighted sum of the features with restrained weights"),
        (
            "ensemble.HistGradientBoostingRegressor",
            "Many small trees, each correcting those before it; fast on many rows",
        ),
        (
            "ensemble.RandomForestRegressor",
            "The mean of many deep trees, each grown on other rows and features",
        ),
        ("ensemble.ExtraTreesRegressor", "A forest whose trees split at random places"),
        ("ensemble.GradientBoostingRegressor", "Small trees in turn, exact and slow"),
        ("ensemble.AdaBoostRegressor", "Weak trees in turn, each minding the rows still wrong"),
        ("ensemble.BaggingRegressor", "The mean of deep trees, each grown on other rows"),
        ("tree.DecisionTreeRegressor", "One tree of questions"),
        ("tree.ExtraTreeRegressor", "One tree of questions with random thresholds"),
        ("linear_model.LinearRegression", "A weighted sum of the features: least squares"),
        ("linear_model.RidgeCV", "Ridge that finds its strength by itself"),
        ("linear_model.Lasso", "A weighted sum of few features"),
        ("linear_model.LassoCV", "Lasso that finds its strength by itself"),
        ("linear_model.ElasticNet", "Between ridge and lasso"),
        ("linear_model.ElasticNetCV", "Elastic net that finds its strength by itself"),
        ("linear_model.Lars", "Takes up one feature after the other"),
        ("linear_model.LarsCV", "Lars that finds the number of features by itself"),
        ("linear_model.LassoLars", "Lasso, found one feature after the other"),
        ("linear_model.LassoLarsCV", "Lasso lars that finds its strength by cross-validation"),
        ("linear_model.LassoLarsIC", "Lasso lars that finds its strength by AIC or BIC"),
        ("linear_model.OrthogonalMatchingPursuit", "The few features that explain most"),
        ("linear_model.OrthogonalMatchingPursuitCV", "The same, their number found by itself"),
        ("linear_model.BayesianRidge", "Ridge with a strength drawn from the data"),
        ("linear_model.ARDRegression", "Bayesian ridge with a strength for each feature"),
        ("linear_model.HuberRegressor", "A weighted sum that wild values bend little"),
        ("linear_model.RANSACRegressor", "A weighted sum of the rows that agree"),
        ("linear_model.TheilSenRegressor", "The median of many weighted sums"),
        ("linear_model.QuantileRegressor", "A weighted sum for the median or another quantile"),
        ("linear_model.SGDRegressor", "A weighted sum learned row by row; for very many rows"),
        ("linear_model.PoissonRegressor", "For counts: a product of effects"),
        ("linear_model.GammaRegressor", "For amounts above zero: a product of effects"),
        ("linear_model.TweedieRegressor", "For amounts of which many are zero, with power"),
        ("cross_decomposition.PLSRegression", "A few mixtures of features that move together"),
        ("kernel_ridge.KernelRidge", "Ridge on similarities of rows; for few rows"),
        (
            "neighbors.KNeighborsRegressor",
            "The mean of the most similar rows",
            {"algorithm": "brute"},
        ),
        ("svm.LinearSVR", "A weighted sum that forgives small errors"),
        ("svm.SVR", "A smooth surface that forgives small errors; for few rows"),
        ("svm.NuSVR", "The same with a share of rows outside instead of a margin"),
        ("neural_network.MLPRegressor", "A small neural network", {"max_iter": 500}),
    ),
    "clustering": (
        (
            "cluster.KMeans",
            "Rows around the nearest of k centres; k is searched where n_clusters is not given",
            {"n_init": 10},
        ),
        ("cluster.MiniBatchKMeans", "The same from small batches of rows; for very many rows"),
        ("cluster.BisectingKMeans", "Divides the most scattered cluster in two, again and again"),
        ("mixture.GaussianMixture", "Overlapping bell shapes, with a probability for each"),
    ),
    "outliers": (
        (
            "dummy.DummyRegressor",
            "Ignores every feature and finds no row more unusual than another: the baseline",
            {"strategy": "constant", "constant": 0.0},
        ),
        ("ensemble.IsolationForest", "How few random cuts it takes to set a row apart"),
        (
            "neighbors.LocalOutlierFactor",
            "How much thinner the rows lie around a row than around its neighbours",
            {"novelty": True, "algorithm": "brute"},
        ),
        ("svm.OneClassSVM", "A smooth border around most of the rows; for few rows"),
        ("linear_model.SGDOneClassSVM", "A straight border learned row by row; for very many rows"),
        ("covariance.EllipticEnvelope", "The distance from one robust bell shape"),
    ),
    "decomposition": (
        (
            "decomposition.PCA",
            "No component at all: every row is rebuilt as the mean row: the baseline",
            {"n_components": 0},
            "dummy",
        ),
        (
            "decomposition.PCA",
            "Mixtures of the features at right angles, the one that explains most first; as many "
            "as explain nine tenths where n_components is not given",
            {"n_components": 0.9},
        ),
        ("decomposition.IncrementalPCA", "The same from batches of rows", _TWO),
        ("decomposition.TruncatedSVD", "The same around zero instead of the mean", _TWO),
        ("decomposition.FactorAnalysis", "Hidden factors, and a noise for each feature", _TWO),
        ("decomposition.FastICA", "Mixtures that are as independent as can be", _TWO),
        ("decomposition.NMF", "Parts that only add up and never take away", _TWO),
        ("decomposition.MiniBatchNMF", "The same from small batches of rows", _TWO),
        ("decomposition.SparsePCA", "Mixtures of few features each", _TWO),
        ("decomposition.MiniBatchSparsePCA", "The same from small batches of rows", _TWO),
        ("decomposition.DictionaryLearning", "Patterns, few of which make up a row", _TWO),
        ("decomposition.MiniBatchDictionaryLearning", "The same from small batches", _TWO),
    ),
}
