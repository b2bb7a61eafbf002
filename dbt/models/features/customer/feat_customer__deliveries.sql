-- How long orders took until they were shipped. An order that was not shipped by the day of the
-- snapshot counts as waiting until then.
with
    orders as (
        select distinct customer_key, as_of, order_key, ordered_at
        from {{ order_lines_as_of(["order_key", "kind", "ordered_at"]) }} as lines
        where kind = 'sale'
    ),

    -- The newest row of each shipment by then. A join and not a list of keys: the planner knows how
    -- many rows a join meets, and expects a list to be short.
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
            and shipments.valid_from < orders.as_of + 1
        order by
            orders.customer_key,
            orders.as_of,
            orders.order_key,
            shipments.valid_from desc,
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
