-- The revenue of each day, by product line and in total, with the period in which that sum was
-- valid:
-- late and corrected orders change a day's revenue afterwards. The parts of a day add up.
with
    lines as (
        select
            products.product_line,
            bridge.ordered_at::date as day,
            bridge.valid_from::date as valid_from,
            case
                when bridge.valid_to < timestamp 'infinity'
                then bridge.valid_to::date
                else date 'infinity'
            end as valid_to,
            sum(bridge.net_amount) as revenue
        from {{ ref("bridge_order_lines") }} as bridge
        inner join {{ product_lines() }} as products on products.product_key = bridge.product_key
        where not bridge.is_cancelled
        group by 1, 2, 3, 4
    )

select product_line as series, day, valid_from, valid_to, revenue
from lines
union all
select 'Total', day, valid_from, valid_to, sum(revenue)
from lines
group by day, valid_from, valid_to
