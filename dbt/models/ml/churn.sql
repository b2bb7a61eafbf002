{{
    config(
        materialized="ml_model",
        task="classification",
        target="churned",
        key="customer_key",
        min_rows={"customer_key": 200, "as_of": 2, "churned": 2},
        metric="roc_auc",
        split={"by": "time", "column": "as_of", "test": 0.2},
        algorithms=[
            {"algorithm": "logistic_regression", "search": {"C": [0.001, 0.01, 0.1, 1]}},
            "hist_gradient_boosting",
        ],
        options={
            "positive_class": "churned",
            "importance_repeats": 5,
            "bootstrap": 300,
            "segments": ["channel"],
            "learning_curve": 3,
        },
    )
}}

-- Many features are correlated, so the cross-validation chooses the strength of the regularisation.
select *
from {{ ref("feat_customer__training") }}
