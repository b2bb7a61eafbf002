{{ config(materialized="view") }}

{# History, test steps and future of every forecast in use: a row for each series and period. #}
with
    versions as (
        select model, (split ->> 'horizon')::integer as horizon, split ->> 'time_zone' as time_zone
        from {{ of_champions("model_versions") }} as versions
        where task = 'forecast'
    ),

    history as (select * from {{ of_champions("forecast_history") }} as history),

    forecasts as (select * from {{ of_champions("forecasts") }} as forecasts),

    series as (
        select
            *,
            case
                when periods > 1 then (last_at - first_at) / (periods - 1) else interval '1 day'
            end as period_length
        from {{ of_champions("forecast_series") }} as series
    ),

    periods as (
        select
            coalesce(history.model, forecasts.model) as model,
            coalesce(history.position, forecasts.position) as position,
            coalesce(history.at, forecasts.at) as at,
            coalesce(forecasts.part, 'history') as part,
            case when not history.is_filled then history.actual end as actual,
            history.trend,
            history.finding,
            forecasts.step,
            forecasts.forecast,
            forecasts.lower,
            forecasts.upper,
            forecasts.baseline
        from history
        full join
            forecasts
            on forecasts.model = history.model
            and forecasts.position = history.position
            and forecasts.at = history.at
    )

select
    -- ids
    periods.model,
    series.series,

    -- text
    {{ model_label("periods.model") }} as model_label,
    periods.part,

    -- numbers
    periods.step,
    periods.actual,
    periods.forecast,
    periods.lower,
    periods.upper,
    periods.baseline as simple_rule,
    periods.trend,
    case when periods.finding = 'anomaly' then periods.actual end as anomaly,
    case when periods.finding = 'level shift' then periods.actual end as level_shift,

    -- booleans
    -- The chart of the forecast shows three horizons of history, and at least 60 periods.
    periods.at
    > series.last_at - greatest(3 * versions.horizon, 60) * series.period_length as is_recent,
    periods.part <> 'future' as is_past,

    -- dates
    periods.at at time zone versions.time_zone as at
from periods
inner join versions on versions.model = periods.model
inner join series on series.model = periods.model and series.position = periods.position
