{{ config(materialized="view") }}

with results as (select * from {{ ref("rpt_test_results") }})

select
    -- ids
    layer_label,

    -- text
    case
        when count(*) filter (where state = 'act') > 0
        then count(*) filter (where state = 'act') || ' failed'
        when count(*) filter (where state = 'watch') > 0
        then count(*) filter (where state = 'watch') || ' warnings'
        else 'all passed'
    end as verdict,
    case
        when count(*) filter (where state = 'act') > 0
        then 'act'
        when count(*) filter (where state = 'watch') > 0
        then 'watch'
        else 'good'
    end as state,

    -- numbers
    count(*) as tests,
    count(*) filter (where result = 'passed') as passed,
    count(*) filter (where result = 'failed') as failed,
    round(100.0 * count(*) filter (where result = 'passed') / count(*), 1) as passed_pct,
    min(layer_order) as layer_order,

    -- dates
    max(tested_at) as tested_at
from results
group by layer_label
