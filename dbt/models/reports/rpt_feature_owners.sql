{{ config(materialized="view") }}
{# What the files of each owner add to each model, and the open tasks. #}
with
    files as (select * from {{ ref("rpt_feature_files") }}),

    sums as (
        select
            model,
            model_label,
            owner,
            count(*) filter (where not is_open) as files,
            count(*) filter (where is_open) as open_tasks,
            count(*) filter (where status = 'adds') as useful_files,
            count(measured_at) as measured_files,
            coalesce(sum(difference) filter (where status = 'adds'), 0) as added
        from files
        group by model, model_label, owner
    )

select
    -- ids
    model,
    owner,

    -- text
    model_label,
    case
        when measured_files > 0 then to_char(added::numeric, 'S0.0000') else 'not measured'
    end as added_text,
    case
        when measured_files = 0
        then files || case files when 1 then ' file' else ' files' end
        else
            useful_files
            || ' of '
            || files
            || case files when 1 then ' file adds' else ' files add' end
            || ' to the score'
    end || case
        open_tasks
        when 0
        then ''
        when 1
        then ', 1 open task'
        else ', ' || open_tasks || ' open tasks'
    end as note,

    -- numbers
    files,
    open_tasks,
    useful_files,
    added,
    coalesce(
        round((100 * added / nullif(max(added) over (partition by model), 0))::numeric, 1), 0
    ) as bar_pct,
    row_number() over (partition by model order by added desc, owner) as sort_order
from sums
