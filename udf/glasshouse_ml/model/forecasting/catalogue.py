"""The candidates of a forecast by name, as ml.algorithms lists them."""

# Name, module and function or class, and what it does.
FORECASTERS = (
    (
        "last_value",
        "glasshouse_ml.model.forecasting.simple_rules.last_value",
        "the last value in every step",
    ),
    (
        "seasonal_naive",
        "glasshouse_ml.model.forecasting.simple_rules.seasonal_naive",
        "the value one season before: the baseline of every forecast",
    ),
    (
        "seasonal_mean",
        "glasshouse_ml.model.forecasting.simple_rules.seasonal_mean",
        "the mean of the same period in the last four seasons",
    ),
    (
        "ets",
        "glasshouse_ml.model.forecasting.exponential_smoothing.fit_smoothing",
        "exponential smoothing of level, damped trend and season, of values or logarithms",
    ),
    (
        "theta",
        "glasshouse_ml.model.forecasting.theta.theta",
        "the theta method: smoothing of the deseasonalised series with half of its trend",
    ),
    (
        "tsb",
        "glasshouse_ml.model.forecasting.simple_rules.intermittent",
        "for series with many zeros: the size of the other values times their probability",
    ),
    (
        "global_boosting",
        "sklearn.ensemble.HistGradientBoostingRegressor",
        "one boosted model for all series, on lags, calendar and the columns known ahead",
    ),
    (
        "median",
        "numpy.median",
        "the median of the four candidates that validate best",
    ),
)
