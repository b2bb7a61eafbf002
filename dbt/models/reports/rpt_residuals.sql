{{ config(materialized="view") }}

{# Test rows of regressions and forecasts: actual value, prediction and residual. #}
with
    residuals as (select * from {{ of_champions("residuals") }} as residuals),

    limits as (
        select model, greatest(max(actual), max(predicted)) as highest from residuals group by model
    )

select
    -- ids
    residuals.model,
    residuals.position,
    coalesce(residuals.key, residuals.position::text) as key,

    -- text
    {{ model_label("residuals.model") }} as model_label,
    coalesce(
        {{ feature_label("residuals.model", "split_part(residuals.segment, ' = ', 1)") }}
        || ': '
        || substr(residuals.segment, strpos(residuals.segment, ' = ') + 3),
        'All cases'
    ) as segment_label,

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
window
    fifteen as (
        partition by residuals.model
        order by residuals.position
        rows between 7 preceding and 7 following
    )
