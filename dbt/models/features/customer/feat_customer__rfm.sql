{{
    carried_over(
        {"recency_days": "recency_days + days", "warmth": "warmth * exp(- days / 60.0)"},
        windows=[90, 365],
    )
}}

with
    lines as (
        select *
        from
            {{ lines_known_at_snapshots(["order_key", "kind", "ordered_at", "net_amount"]) }}
            as known
    ),

    orders as (
        select
            customer_key,
            as_of,
            order_key,
            days_ago,
            kind = 'sale' as is_sale,
            sum(net_amount) as amount
        from lines
        group by customer_key, as_of, order_key, days_ago, is_sale
    )

select
    customer_key,
    as_of,
    min(days_ago) filter (where is_sale) as recency_days,
    count(*) filter (where is_sale) as orders_total,
    count(*) filter (where is_sale and days_ago < 90) as orders_90_days,
    count(*) filter (where is_sale and days_ago < 365) as orders_365_days,
    coalesce(sum(exp(- days_ago / 60.0)) filter (where is_sale), 0)::float8 as warmth,
    sum(amount)::float8 as spent_total,
    coalesce(sum(amount) filter (where days_ago < 90), 0)::float8 as spent_90_days,
    coalesce(sum(amount) filter (where days_ago < 365), 0)::float8 as spent_365_days,
    (avg(amount) filter (where is_sale))::float8 as order_value
from orders
group by customer_key, as_of
