{{ carried_over(news="customers_with_orders_on_their_way") }}

-- depends_on: {{ ref("feat_order__waiting") }}
-- depends_on: {{ ref("sat_order__placed") }}
-- depends_on: {{ ref("link_order__placed") }}
-- How long orders took to leave the house. One that was still there on the day had waited until
-- then.
with
    orders as (
        select distinct customer_key, as_of, order_key, ordered_at
        from {{ lines_known_at_snapshots(["order_key", "kind", "ordered_at"]) }} as known
        where kind = 'sale'
    ),

    -- What was said last of its shipment until then. Found by the join and not step by step: the
    -- planner knows how many rows a join meets, and of a list of keys it thinks that it is short.
    waits as (
        select distinct
            on (orders.customer_key, orders.as_of, orders.order_key)
            orders.customer_key,
            orders.as_of,
            orders.order_key,
            orders.ordered_at,
            least(coalesce(shipments.shipped_at::date, orders.as_of), orders.as_of)
            - orders.ordered_at::date as wait_days
        from orders
        left join
            {{ ref("sat_order__shipped") }} as shipments
            on shipments.order_key = orders.order_key
            and shipments.known_at < orders.as_of + 1
        order by
            orders.customer_key,
            orders.as_of,
            orders.order_key,
            shipments.known_at desc,
            shipments.load_date desc
    )

select
    customer_key,
    as_of,
    avg(wait_days)::float8 as wait_days_mean,
    max(wait_days) as wait_days_longest,
    (array_agg(wait_days order by ordered_at desc, order_key))[1] as wait_days_last
from waits
group by customer_key, as_of
