{{ carried_over({"days_since_return": "days_since_return + days"}) }}

with
    lines as (
        select * from {{ lines_known_at_snapshots(["order_key", "kind", "net_amount"]) }} as known
    )

select
    customer_key,
    as_of,
    count(distinct order_key) filter (where kind = 'return') as returns_total,
    min(days_ago) filter (where kind = 'return') as days_since_return,
    coalesce(
        - sum(net_amount) filter (where kind = 'return')
        / nullif(sum(net_amount) filter (where kind = 'sale'), 0),
        0
    )::float8 as returned_share,
    coalesce(
        min(days_ago) filter (where kind = 'return') <= min(days_ago) filter (where kind = 'sale'),
        false
    ) as returned_last
from lines
group by customer_key, as_of
