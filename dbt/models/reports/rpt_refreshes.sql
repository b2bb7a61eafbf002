{{ config(materialized="view") }}

{# Each `make refresh`, the newest first; one row that says so where there is none. #}
with
    refreshes as (select * from {{ source("ml", "refreshes") }}),

    rows_to_show as (
        select refresh, status, detail, started_at, finished_at
        from refreshes
        union all
        select 0, 'none', 'No refresh has run yet. make refresh processes new rows.', now(), null
        where not exists (select from refreshes)
    )

select
    refresh,
    status,
    coalesce(detail, '') as detail,
    case
        when status = 'succeeded'
        then 'good'
        when status in ('running', 'none')
        then 'plain'
        else 'act'
    end as state,
    extract(epoch from finished_at - started_at)::float8 as seconds,
    to_char(started_at, 'FMDD Mon YYYY, HH24:MI') as started_at_text,
    row_number() over (order by refresh desc) as newest_rank,
    started_at,
    finished_at
from rows_to_show
