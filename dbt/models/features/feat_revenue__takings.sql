{{
    config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key="day",
    )
}}

-- What a day took, by product line and for all of them, with from when to when that sum was
-- believed: late and corrected orders change it afterwards. Small, so that any past day can be
-- asked what it knew. Days with news are summed anew; a day that a line has left is among them,
-- because the bridge keeps what was believed before.
with
    {% if is_incremental() %}
        days as (
            select distinct ordered_at::date as day
            from {{ ref("bridge_order_lines") }}
            where
                order_line_key in (
                    select order_line_key
                    from {{ ref("bridge_order_lines") }}
                    where load_date > {{ loaded_up_to() }}
                )
        ),
    {% endif %}

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
            sum(bridge.net_amount) as revenue,
            max(bridge.load_date) as load_date
        from {{ ref("bridge_order_lines") }} as bridge
        inner join {{ product_lines() }} as products on products.product_key = bridge.product_key
        where
            not bridge.is_cancelled
            {% if is_incremental() %}
                and bridge.ordered_at::date in (select day from days)
                -- Follows from it, and is what the bridge has an index on.
                and bridge.ordered_at >= (select min(day) from days)
            {% endif %}
        group by 1, 2, 3, 4
    )

select product_line as series, day, known_from, known_to, revenue, load_date
from lines
union all
select 'Total', day, known_from, known_to, sum(revenue), max(load_date)
from lines
group by day, known_from, known_to
