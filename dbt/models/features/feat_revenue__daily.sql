-- The days to forecast and what was known of them when the forecast was made. Forecasts are made
-- every `horizon` days, counted back from the last day, so that each past day is forecast once, and
-- all of them once more: today, for the days to come. Every lag ends on the day of the forecast.
with
    history as (select * from {{ ref("feat_revenue__history") }}),

    -- The day of the newest order is not over, or might not be.
    bounds as (
        select min(day) as first_day, max(day) - 1 as last_day
        from history
        where valid_to = 'infinity'
    ),

    origins as (
        select last_day - number * {{ var("horizon") }} as as_of
        from bounds, generate_series(0, 200) as number
        -- Before that there is too little to look back on.
        where last_day - number * {{ var("horizon") }} >= first_day + 55
    ),

    series as (select distinct series from history),

    -- The revenue that was valid on the day of the forecast, with a row for days without a sale.
    valid_revenue as (
        select
            origins.as_of,
            series.series,
            days.day::date as day,
            coalesce(sum(history.revenue), 0) as revenue
        from origins
        cross join series
        cross join bounds
        cross join
            lateral generate_series(
                greatest(bounds.first_day, origins.as_of - 427), origins.as_of, interval '1 day'
            ) as days(day)
        left join
            history
            on history.series = series.series
            and history.day = days.day::date
            and history.valid_from <= origins.as_of
            and history.valid_to > origins.as_of
        group by origins.as_of, series.series, days.day
    ),

    -- Levels are scales, so they must not be negative where more was returned than sold.
    levels as (
        select
            as_of,
            series,
            coalesce(
                nullif(avg(abs(revenue)) filter (where day > as_of - 28), 0), avg(abs(revenue))
            ) as level,
            avg(revenue) filter (where day > as_of - 7) as mean_7_days,
            avg(abs(revenue)) filter (where day > as_of - 56 and day <= as_of - 28) as level_before,
            avg(abs(revenue)) filter (
                where day > as_of - 364 - 28 and day <= as_of - 364
            ) as level_year_ago
        from valid_revenue
        group by as_of, series
    ),

    weekdays as (
        select
            as_of,
            series,
            extract(isodow from day)::integer as day_of_week,
            avg(revenue) filter (where day > as_of - 28) as weekday_mean_4,
            avg(revenue) filter (where day > as_of - 56) as weekday_mean_8,
            max(revenue) filter (where day > as_of - 7) as weekday_last
        from valid_revenue
        group by as_of, series, day_of_week
    ),

    promotions as (
        select satellites.*, coalesce(hubs.product_line, 'all') as product_line
        from {{ earliest(ref("sat_promotion"), "promotion_key") }} as satellites
        inner join
            {{ ref("link_promotion__product_line") }} as links
            on links.promotion_of_line_key = satellites.promotion_of_line_key
        left join
            {{ ref("hub_product_line") }} as hubs on hubs.product_line_key = links.product_line_key
    ),

    days as (
        select origins.as_of, series.series, dates.*, dates.date_day - origins.as_of as horizon
        from origins
        cross join series
        inner join
            {{ ref("dim_dates") }} as dates
            on dates.date_day > origins.as_of
            and dates.date_day <= origins.as_of + {{ var("horizon") }}
    ),

    actuals as (
        select series, day, sum(revenue) as revenue
        from history
        where valid_to = 'infinity'
        group by series, day
    ),

    offers as (
        select days.as_of, days.series, days.date_day, max(promotions.discount) as discount
        from days
        inner join
            promotions
            on promotions.valid_from < days.as_of + 1
            and days.date_day between promotions.starts_on and promotions.ends_on
            and (days.series = 'Total' or promotions.product_line in ('all', days.series))
        group by days.as_of, days.series, days.date_day
    )

select
    -- ids
    days.series || ' ' || days.date_day as series_day,
    days.series,
    days.date_day as day,
    days.as_of,
    days.horizon,
    days.as_of = bounds.last_day as is_future,

    -- the calendar
    days.day_of_week,
    days.month,
    extract(day from days.date_day)::integer as day_of_month,
    extract(doy from days.date_day)::integer as day_of_year,
    days.is_holiday,
    make_date(days.year, 12, 24) - days.date_day as days_to_christmas,
    coalesce(offers.discount, 0)::float8 as promised_discount,

    -- what was known when the forecast was made, beside the usual day of that time
    levels.level::float8 as usual_day,
    (levels.mean_7_days / nullif(levels.level, 0))::float8 as last_week,
    (levels.level / nullif(levels.level_before, 0))::float8 as trend,
    (weekdays.weekday_mean_4 / nullif(levels.level, 0))::float8 as weekday_mean_4,
    (weekdays.weekday_mean_8 / nullif(levels.level, 0))::float8 as weekday_mean_8,
    (weekdays.weekday_last / nullif(levels.level, 0))::float8 as weekday_last,
    -- Without a year to look back on, what the weekdays say.
    coalesce(
        year_ago.revenue / nullif(levels.level_year_ago, 0),
        weekdays.weekday_mean_8 / nullif(levels.level, 0)
    )::float8 as year_ago,
    coalesce(
        avg(year_ago.revenue) over (
            partition by days.as_of, days.series
            order by days.date_day
            rows between 3 preceding and 3 following
        )
        / nullif(levels.level_year_ago, 0),
        1
    )::float8 as year_ago_week,

    -- what came of it
    case when days.date_day <= bounds.last_day then coalesce(actuals.revenue, 0) end as revenue,
    weekdays.weekday_last as naive
from days
cross join bounds
inner join levels on levels.as_of = days.as_of and levels.series = days.series
inner join
    weekdays
    on weekdays.as_of = days.as_of
    and weekdays.series = days.series
    and weekdays.day_of_week = days.day_of_week
left join
    valid_revenue as year_ago
    on year_ago.as_of = days.as_of
    and year_ago.series = days.series
    and year_ago.day = days.date_day - 364
left join
    offers
    on offers.as_of = days.as_of
    and offers.series = days.series
    and offers.date_day = days.date_day
left join actuals on actuals.series = days.series and actuals.day = days.date_day
