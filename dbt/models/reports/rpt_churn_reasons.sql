{# Which reasons come first among the customers likely to leave, without the number in them. #}
with
    customers as (
        select * from {{ ref("rpt_call_list") }} where churn_probability >= 0.5 and reason_2 <> ''
    ),

    told as (
        select
            regexp_replace(split_part(reason, ':', 1), '[0-9][0-9.,]*', '…', 'g') as reason,
            yearly_revenue
        from customers
        cross join lateral unnest(array[reason_1, reason_2, reason_3]) as reasons(reason)
        where reason <> '' and reason not like '%(lowers the risk)'
    ),

    counted as (
        select reason, count(*) as customers, sum(yearly_revenue) as yearly_revenue
        from told
        group by reason
    )

select
    -- text
    reason,
    {{ counted("customers") }} || ' customers' as shown,

    -- numbers
    customers,
    yearly_revenue,
    round(100.0 * customers / max(customers) over (), 1) as bar_pct,
    row_number() over (order by customers desc, reason) as sort_order
from counted
