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

    shipments as (
        select *, {{ until_the_next("order_key") }} as known_to
        from {{ ref("sat_order__shipped") }}
        where order_key in (select order_key from orders)
    ),

    waits as (
        select
            orders.customer_key,
            orders.as_of,
            orders.order_key,
            orders.ordered_at,
            least(coalesce(shipments.shipped_at::date, orders.as_of), orders.as_of)
            - orders.ordered_at::date as wait_days
        from orders
        left join
            shipments
            on shipments.order_key = orders.order_key
            and shipments.known_at < orders.as_of + 1
            and shipments.known_to >= orders.as_of + 1
    )

select
    customer_key,
    as_of,
    avg(wait_days)::float8 as wait_days_mean,
    max(wait_days) as wait_days_longest,
    (array_agg(wait_days order by ordered_at desc, order_key))[1] as wait_days_last
from waits
group by customer_key, as_of
