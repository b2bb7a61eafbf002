with today as (select max(as_of) as as_of from {{ ref("feat_customer__snapshots") }})

select *
from {{ behaviour("(select as_of from today)") }} as described
