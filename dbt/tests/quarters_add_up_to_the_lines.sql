-- What each customer bought is the same in the quarters and in the lines: in the bridge, which the
-- quarters are not made from.
with
    by_quarter as (
        select
            customer_key,
            sum(order_lines) as order_lines,
            sum(net_amount) as net_amount,
            min(first_ordered_on) as first_ordered_on,
            max(last_ordered_on) as last_ordered_on
        from {{ ref("fct_customer_quarters") }}
        group by customer_key
    ),

    by_line as (
        select
            customer_key,
            count(*) as order_lines,
            sum(net_amount) as net_amount,
            min(ordered_at)::date as first_ordered_on,
            max(ordered_at)::date as last_ordered_on
        from {{ ref("bridge_order_lines") }}
        where valid_to = 'infinity' and kind = 'sale' and not is_cancelled
        group by customer_key
    )

select customer_key
from by_quarter
full join by_line using (customer_key)
where
    (
        by_quarter.order_lines,
        by_quarter.net_amount,
        by_quarter.first_ordered_on,
        by_quarter.last_ordered_on
    ) is distinct from (
        by_line.order_lines, by_line.net_amount, by_line.first_ordered_on, by_line.last_ordered_on
    )
