with lines as (select * from {{ order_lines_as_of(["order_key", "kind", "net_amount"]) }} as lines)

select
    customer_key,
    as_of,
    count(distinct order_key) filter (where kind = 'return') as returns_total,
    max(ordered_on) filter (where kind = 'return') as last_return_on,
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
