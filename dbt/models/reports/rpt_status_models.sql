{{ config(materialized="view") }}

{# Each model in use with the headline of its quality page. #}
with
    overview as (select * from {{ ref("rpt_model_overview") }}),

    sentences as (select * from {{ ref("rpt_headlines") }} where page = 'quality')

select
    -- ids
    overview.model,

    -- text
    overview.model_label,
    coalesce(
        sentences.lead || sentences.number || sentences.rest, 'Its test results are incomplete.'
    ) as sentence,
    case
        overview.state
        when 'good'
        then 'beats the simple rule'
        when 'act'
        then 'worse than the simple rule'
        when 'watch'
        then 'no clear difference'
        else coalesce(nullif(overview.verdict, ''), 'no comparison')
    end as verdict,
    overview.state,
    case
        when overview.task in ('classification', 'regression', 'clustering')
        then 'quality_' || overview.task
        when overview.task = 'forecast'
        then 'forecast'
        else 'model_card'
    end as dashboard,
    -- A forecast has series instead of cases, and a page that shows them.
    case overview.task when 'forecast' then 'forecast' else 'model' end as page,
    {{ model_filter("overview.model_label") }} as model_filter,

    -- booleans
    -- A forecast has series instead of measurements of cases.
    overview.task <> 'forecast' as has_measurements,

    -- numbers
    row_number() over (order by overview.rows_total desc, overview.model) as sort_order
from overview
left join sentences on sentences.model = overview.model
