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
        select
            series.series,
            dates.date_day,
            dates.is_holiday,
            dates.year,
            case
                when dates.date_day <= bounds.last_day then coalesce(revenue.revenue, 0)
            end::float8 as revenue
        from series
        cross join bounds
        inner join
            {{ ref("dim_dates") }} as dates
            on dates.date_day >= series.first_day
            and dates.date_day <= bounds.last_day + {{ var("horizon") }}
        left join revenue on revenue.series = series.series and revenue.date_day = dates.date_day
    ),

    -- Every window ends before the forecast begins, so these are known ahead. 364 days are 52
    -- weeks.
    earlier as (
        select
            *,
            lag(revenue, 364) over days_of_series as year_ago,
            lag(revenue, 367) over days_of_series is not null as has_year,
            avg(revenue) over (
                days_of_series rows between 367 preceding and 361 preceding
            ) as week_year_ago,
            avg(revenue) over (
                days_of_series rows between 546 preceding and 182 preceding
            ) as mean_of_year,
            avg(revenue) over (
                days_of_series
                rows
                between {{ var("horizon") + 28 }} preceding and {{ var("horizon") + 1 }} preceding
            ) as latest_mean
        from days
        window days_of_series as (partition by series order by date_day)
    )

select
    -- ids
    series,
    date_day as day,

    -- the calendar
    is_holiday,
    make_date(year, 12, 24) - date_day as days_to_christmas,

    -- numbers
    -- Without a year to look back on, the newest mean that is known, and no season.
    coalesce(year_ago, latest_mean, 0) as year_ago,
    case
        when has_year and mean_of_year > 0 then week_year_ago / mean_of_year else 1
    end as year_ago_index,
    revenue
from earlier
