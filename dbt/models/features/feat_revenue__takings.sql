-- What a day took, by product line and for all of them, with from when to when that sum was
-- believed:
-- late and corrected orders change it afterwards. Small, so that any past day can be asked what
-- it knew.
with
    lines as (
        select
            products.product_line,
            bridge.ordered_at::date as day,
            bridge.known_from::date as known_from,
            case
                when bridge.known_to < timestamp 'infinity'
                then bridge.known_to::date
                else date 'infinity'
            end as known_to,
            sum(bridge.net_amount) as revenue
        from {{ ref("bridge_order_lines") }} as bridge
        inner join {{ product_lines() }} as products on products.product_key = bridge.product_key
        where not bridge.is_cancelled
        group by 1, 2, 3, 4
    )

select product_line as series, day, known_from, known_to, revenue
from lines
union all
select 'Total', day, known_from, known_to, sum(revenue)
from lines
group by day, known_from, known_to
