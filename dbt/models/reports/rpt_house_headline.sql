{{ config(materialized="view") }}

{# The first line of the page "Start here": is anything the matter? #}
with
    attention as (select * from {{ ref("rpt_attention") }} where state <> 'good'),

    models as (select * from {{ ref("rpt_model_overview") }}),

    counts as (
        select
            (select count(*) from attention where state = 'act') as urgent,
            (select count(*) from attention) as matters,
            (select count(*) from models) as models,
            (select count(*) from models where beats_baseline) as better,
            (select count(*) from models where baseline is not null) as comparable
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
        then ' in use, every test passed, and nothing calls for you.'
        when urgent = matters
        then ' attention soon.'
        when urgent > 0
        then ' attention, ' || urgent || ' of them soon.'
        else ' attention; nothing is urgent.'
    end as rest,
    'Models are trained and asked inside the database; these pages show what they have learned. '
    || better
    || ' of the '
    || comparable
    || ' models that can be compared are clearly better than their simple rule.' as subline
from counts
