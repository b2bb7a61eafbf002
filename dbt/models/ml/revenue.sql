{{
    config(
        materialized="ml_model",
        task="regression",
        target="share_of_usual",
        key="series_day",
        min_rows={"as_of": 3, "share_of_usual": 2},
        metric="mae",
        split={"by": "time", "column": "as_of", "test": 0.02},
        algorithms=[
            "ridge",
            {
                "algorithm": "hist_gradient_boosting",
                "params": {"loss": "absolute_error", "learning_rate": 0.05, "max_iter": 150},
            },
        ],
        options={
            "importance_repeats": 5,
            "bootstrap": 300,
            "segments": ["series"],
            "learning_curve": 3,
        },
    )
}}

-- The target is the day's revenue as a share of the usual day when the forecast was made, so that a
-- small product line weighs as much as a large one. The test part is the last forecast: 56 days.
select
    series_day,
    as_of,
    series,
    horizon,
    day_of_week,
    month,
    day_of_month,
    day_of_year,
    is_holiday,
    days_to_christmas,
    promised_discount,
    last_week,
    trend,
    weekday_mean_4,
    weekday_mean_8,
    weekday_last,
    year_ago,
    year_ago_week,
    (revenue / usual_day)::float8 as share_of_usual
from {{ ref("feat_revenue__daily") }}
where not is_future and usual_day > 0
