-- The revenue of each day, in total and by product line, as it is valid now. A day without a sale
-- has 0. The days ahead have no revenue yet, only what the calendar says of them.
with
    lines as (
        select products.product_line, lines.date_day, lines.net_amount
        from {{ ref("fct_order_lines") }} as lines
        inner join {{ product_lines() }} as products on products.product_key = lines.product_key
    ),

    revenue as (
        select coalesce(product_line, 'Total') as series, date_day, sum(net_amount) as revenue
        from lines
        group by grouping sets ((product_line, date_day), (date_day))
    ),

    -- The day of the newest order is not over, or might not be.
    bounds as (select max(date_day) - 1 as last_day from lines),

    series as (
        select series, min(date_day) as first_day
        from revenue
        cross join bounds
        where date_day <= last_day
        group by series
    ),

    days as (
        select series.series, dates.date_day, dates.is_holiday, dates.year, bounds.last_day
        from series
        cross join bounds
        inner join
            {{ ref("dim_dates") }} as dates
            on dates.date_day >= series.first_day
            and dates.date_day <= bounds.last_day + {{ var("horizon") }}
    )

select
    -- ids
    days.series,
    days.date_day as day,

    -- the calendar
    days.is_holiday,
    make_date(days.year, 12, 24) - days.date_day as days_to_christmas,

    -- numbers
    case when days.date_day <= days.last_day then coalesce(revenue.revenue, 0) end::float8
    as revenue
from days
left join revenue on revenue.series = days.series and revenue.date_day = days.date_day
