with
    lines as (select * from {{ order_lines_as_of(["order_key", "kind", "net_amount"]) }} as lines),

    orders as (
        select
            customer_key,
            as_of,
            order_key,
            ordered_on,
            days_ago,
            kind = 'sale' as is_sale,
            sum(net_amount) as amount
        from lines
        group by customer_key, as_of, order_key, ordered_on, days_ago, is_sale
    )

select
    customer_key,
    as_of,
    max(ordered_on) filter (where is_sale) as last_order_on,
    count(*) filter (where is_sale) as orders_total,
    count(*) filter (where is_sale and days_ago < 90) as orders_90_days,
    count(*) filter (where is_sale and days_ago < 365) as orders_365_days,
    coalesce(sum(exp(- days_ago / 60.0)) filter (where is_sale), 0)::float8 as decayed_order_count,
    sum(amount)::float8 as spent_total,
    coalesce(sum(amount) filter (where days_ago < 90), 0)::float8 as spent_90_days,
    coalesce(sum(amount) filter (where days_ago < 365), 0)::float8 as spent_365_days,
    (avg(amount) filter (where is_sale))::float8 as order_value
from orders
group by customer_key, as_of
