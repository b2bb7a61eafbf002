{# History, the forecast with its band, and the simple rule: the total and each product line. #}
with
    predictions as (select * from {{ ref("pred_revenue") }}),

    starts as (select min(day) as first_day from predictions),

    lines as (
        select products.product_line as series, lines.date_day as day, lines.net_amount
        from {{ ref("fct_order_lines") }} as lines
        inner join {{ ref("dim_products") }} as products on products.product_key = lines.product_key
    ),

    days as (
        select series, day, sum(net_amount) as revenue
        from lines
        group by series, day
        union all
        select 'Total', day, sum(net_amount)
        from lines
        group by day
    ),

    history as (
        select days.series, days.day, days.revenue
        from days
        cross join starts
        where days.day < starts.first_day and days.day >= starts.first_day - 84
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
