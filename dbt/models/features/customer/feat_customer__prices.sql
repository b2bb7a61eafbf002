-- What the products of a customer's last order cost others since: the last price known of each in
-- the
-- 90 days up to the day, against the one the customer paid.
with
    lines as (
        select *
        from
            {{
                lines_known_at_snapshots(
                    ["order_key", "kind", "product_key", "unit_price", "discount", "ordered_at"]
                )
            }} as known
        where kind = 'sale'
    ),

    bought as (
        select
            *,
            rank() over (
                partition by customer_key, as_of order by ordered_at desc, order_key
            ) as orders_back
        from lines
    ),

    days as (select distinct as_of from lines),

    prices as (
        select distinct
            on (days.as_of, sold.product_key) days.as_of, sold.product_key, sold.unit_price
        from days
        inner join
            {{ ref("bridge_order_lines") }} as sold
            on sold.ordered_at < days.as_of + 1
            and sold.ordered_at >= days.as_of - 89
            and sold.known_from < days.as_of + 1
            and sold.known_to >= days.as_of + 1
        where sold.kind = 'sale' and not sold.is_cancelled and sold.unit_price > 0
        order by days.as_of, sold.product_key, sold.ordered_at desc, sold.order_line_key
    )

select
    bought.customer_key,
    bought.as_of,
    avg(bought.discount)::float8 as discount_mean,
    avg((bought.discount > 0)::integer)::float8 as discounted_share,
    avg(bought.unit_price)::float8 as unit_price_mean,
    -- As numeric, because a sum of floats depends on the order of the rows.
    coalesce(
        exp(
            avg(ln((prices.unit_price / bought.unit_price)::float8)::numeric) filter (
                where bought.orders_back = 1 and bought.unit_price > 0
            )
        )
        - 1,
        0
    )::float8 as price_rise
from bought
left join prices on prices.as_of = bought.as_of and prices.product_key = bought.product_key
group by bought.customer_key, bought.as_of
