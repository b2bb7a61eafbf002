{# History, the forecast with its interval, and the simple rule: for the total and each product line. #}
with
    predictions as (select * from {{ ref("pred_revenue") }}),

    starts as (select min(day) as first_day from predictions),

    history as (
        select history.series, history.day, sum(history.revenue) as revenue
        from {{ ref("feat_revenue__history") }} as history
        cross join starts
        where
            history.valid_to = 'infinity'
            and history.day < starts.first_day
            and history.day >= starts.first_day - 84
        group by history.series, history.day
    )

select
    -- text
    series,
    'history' as period,

    -- numbers
    revenue,
    null::numeric as forecast,
    null::numeric as lower,
    null::numeric as upper,
    null::numeric as simple_rule,
    null::integer as horizon,

    -- dates
    day
from history
union all
select
    series,
    case when is_future then 'to come' else 'test' end,
    actual,
    forecast,
    lower,
    upper,
    naive,
    horizon,
    day
from predictions
