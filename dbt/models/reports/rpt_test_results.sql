{{ config(materialized="view") }}

with results as (select * from {{ ref("dbt_test_results") }})

select
    -- ids
    test,

    -- text
    model,
    case layer when 'ml' then 'Models' else {{ humanize("layer") }} end as layer_label,
    coalesce({{ humanize('"column"') }}, 'Whole table') as column_label,
    {{ humanize("statement") }} as statement,
    case
        status
        when 'pass'
        then 'passed'
        when 'warn'
        then 'warning'
        when 'skipped'
        then 'not run'
        else 'failed'
    end as result,
    case
        status
        when 'pass'
        then 'good'
        when 'warn'
        then 'watch'
        when 'skipped'
        then 'watch'
        else 'act'
    end as state,

    -- numbers
    coalesce(failures, 0) as failures,
    seconds,
    case
        layer
        when 'staging'
        then 1
        when 'vault'
        then 2
        when 'marts'
        then 3
        when 'features'
        then 4
        when 'ml'
        then 5
        when 'predictions'
        then 6
        when 'reports'
        then 7
        else 8
    end as layer_order,
    case status when 'pass' then 3 when 'skipped' then 2 when 'warn' then 1 else 0 end as urgency,

    -- dates
    tested_at
from results
