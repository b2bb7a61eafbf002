{{ config(materialized="view") }}

{# Test rows of regressions and forecasts: actual value, prediction and residual. #}
with
    residuals as (select * from {{ of_champions("residuals") }} as residuals),

    versions as (
        select model, task, coalesce(split ->> 'time_zone', 'UTC') as time_zone
        from {{ of_champions("model_versions") }} as versions
    ),

    limits as (
        select model, greatest(max(actual), max(predicted)) as highest from residuals group by model
    )

select
    -- ids
    residuals.model,
    residuals.position,
    -- The key of a forecast is the name of the series.
    case
        versions.task
        when 'forecast'
        then
            residuals.key
            || ', '
            || to_char(residuals.at at time zone versions.time_zone, 'YYYY-MM-DD')
        else coalesce(residuals.key, residuals.position::text)
    end as key,

    -- text
    {{ model_label("residuals.model") }} as model_label,
    case
        when strpos(residuals.segment, ' = ') > 0
        then
            {{ feature_label("residuals.model", "split_part(residuals.segment, ' = ', 1)") }}
            || ': '
            || substr(residuals.segment, strpos(residuals.segment, ' = ') + 3)
        else 'All cases'
    end as segment_label,

    -- numbers
    residuals.actual,
    residuals.predicted,
    residuals.actual - residuals.predicted as residual,
    abs(residuals.actual - residuals.predicted) as error,
    limits.highest,
    avg(residuals.actual) over fifteen as actual_smooth,
    avg(residuals.predicted) over fifteen as predicted_smooth,
    row_number() over (
        partition by residuals.model
        order by abs(residuals.actual - residuals.predicted) desc, residuals.position
    ) as error_rank,

    -- dates
    residuals.at
from residuals
inner join limits on limits.model = residuals.model
inner join versions on versions.model = residuals.model
window
    fifteen as (
        partition by residuals.model
        order by residuals.position
        rows between 7 preceding and 7 following
    )
