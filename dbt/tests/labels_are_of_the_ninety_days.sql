-- A label's 90 days are over, lie after everything its features use, and end before the next
-- snapshot that is tested on: no training label shares a day with a test row.
with
    snapshots as (
        select as_of, lead(as_of) over (order by as_of) as next_as_of
        from {{ ref("feat_customer__training") }}
        group by as_of
    ),

    newest as (
        select max(as_of) as last_day from {{ ref("feat_customer__snapshots") }} where is_current
    )

select *
from snapshots
cross join newest
where as_of + 90 > last_day or as_of + 90 > next_as_of
