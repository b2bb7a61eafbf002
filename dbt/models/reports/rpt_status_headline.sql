{{ config(materialized="view") }}

{# The headline of the page "Start here": whether there are alerts. #}
with
    attention as (select * from {{ ref("rpt_alerts") }} where state <> 'good'),

    models as (select * from {{ ref("rpt_model_overview") }}),

    counts as (
        select
            (select count(*) from attention where state = 'act') as urgent,
            (select count(*) from attention) as matters,
            (select count(*) from models) as models,
            (select count(*) from models where beats_baseline) as better,
            (select count(*) from models where beats_baseline is not null) as comparable
    )

select
    1 as sort_order,
    case matters when 0 then 'All is well: ' else 'Today ' end as lead,
    case
        matters
        when 0
        then models || case models when 1 then ' model' else ' models' end
        when 1
        then '1 thing needs'
        else matters || ' things need'
    end as number,
    case
        when matters = 0
        then ' in use, every test passed, and there are no alerts.'
        when urgent = matters
        then ' attention soon.'
        when urgent > 0
        then ' attention, ' || urgent || ' of them soon.'
        else ' attention; nothing is urgent.'
    end as rest,
    'Models are trained and queried inside the database; these pages show what they have learned. '
    || better
    || ' of the '
    || comparable
    || ' models that have a simple rule are clearly better than it.' as subline
from counts
