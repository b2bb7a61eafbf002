{{
    config(
        materialized="ml_model",
        task="forecast",
        target="revenue",
        min_rows={"day": 4 * var("horizon")},
        algorithms=["seasonal_naive", "seasonal_mean", "global_boosting"],
        options={
            "time": "day",
            "series": ["series"],
            "horizon": var("horizon"),
            "known_ahead": [
                "is_holiday",
                "days_to_christmas",
                "year_ago",
                "year_ago_index",
            ],
        },
    )
}}

-- Of the candidates only the boosted model sees the columns known ahead, and so Christmas. The rows
-- include the days to forecast, so min_rows asks for three times as many days of history.
select *
from {{ ref("feat_revenue__daily") }}
