-- The forecast of the future days, and of as many past days: the model's test part, on which its
-- errors and intervals are measured.
with
    days as (
        select *
        from {{ ref("feat_revenue__daily") }}
        where
            as_of
            >= (select max(as_of) - {{ var("horizon") }} from {{ ref("feat_revenue__daily") }})
    ),

    predictions as (select * from {{ predict(ref("revenue"), ref("feat_revenue__daily")) }}),

    champion as (select * from {{ champion_of("revenue") }} as champion),

    forecasts as (
        select
            days.*, predictions.score * days.usual_day as forecast, (days.horizon - 1) / 7 as week
        from days
        inner join predictions on predictions.series_day = days.series_day
    ),

    errors as (
        select series, week, (revenue::float8 - forecast) / nullif(usual_day, 0) as error
        from forecasts
        where not is_future
    ),

    -- The interval of a past week leaves out the week's own errors, which would make it too narrow.
    spreads as (
        select
            weeks.series,
            weeks.week,
            percentile_cont(0.1) within group (order by errors.error) as low,
            percentile_cont(0.9) within group (order by errors.error) as high
        from
            (
                select distinct series, week
                from errors
                union
                select distinct series, null::integer
                from errors
            ) as weeks
        inner join
            errors on errors.series = weeks.series and errors.week is distinct from weeks.week
        group by weeks.series, weeks.week
    ),

    -- For a series whose own errors are not known, because it sold nothing before the test part.
    all_spreads as (
        select
            percentile_cont(0.1) within group (order by error) as low,
            percentile_cont(0.9) within group (order by error) as high
        from errors
    ),

    -- The seasonal-naive rule repeated each week. It may use days that the forecast cannot know.
    weekly as (
        select
            days.series,
            sum(abs(days.revenue - week_before.revenue))::float8
            / nullif(sum(abs(days.revenue))::float8, 0) as weekly_naive_error
        from days
        inner join
            {{ ref("feat_revenue__daily") }} as week_before
            on week_before.series = days.series
            and week_before.day = days.day - 7
        where not days.is_future
        group by days.series
    ),

    accuracy as (
        select
            series,
            sum(abs(revenue::float8 - forecast)) as model_error,
            sum(abs(revenue - naive))::float8 as naive_error,
            nullif(sum(abs(revenue)), 0)::float8 as revenue
        from forecasts
        where not is_future
        group by series
    ),

    intervals as (
        select
            forecasts.series_day,
            coalesce(spreads.low, all_spreads.low, 0) * forecasts.usual_day as below,
            coalesce(spreads.high, all_spreads.high, 0) * forecasts.usual_day as above
        from forecasts
        cross join all_spreads
        left join
            spreads
            on spreads.series = forecasts.series
            and spreads.week
            is not distinct from case when not forecasts.is_future then forecasts.week end
    )

select
    -- ids
    forecasts.series_day,
    forecasts.series,
    forecasts.day,
    forecasts.as_of,
    forecasts.horizon,
    champion.model,
    champion.model_label,
    champion.model_version,

    -- booleans
    forecasts.is_future,

    -- numbers
    forecasts.usual_day,
    round(forecasts.revenue, 2) as actual,
    round(forecasts.forecast::numeric, 2) as forecast,
    round((forecasts.forecast + intervals.below)::numeric, 2) as lower,
    round((forecasts.forecast + intervals.above)::numeric, 2) as upper,
    round(forecasts.naive, 2) as naive,
    accuracy.model_error / accuracy.revenue as model_error,
    accuracy.naive_error / accuracy.revenue as naive_error,
    weekly.weekly_naive_error,

    -- text
    case
        when accuracy.model_error < accuracy.naive_error
        then 'model'
        when accuracy.model_error > accuracy.naive_error
        then 'simple rule'
        else 'neither'
    end as better
from forecasts
cross join champion
inner join intervals on intervals.series_day = forecasts.series_day
left join accuracy on accuracy.series = forecasts.series
left join weekly on weekly.series = forecasts.series
