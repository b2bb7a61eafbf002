{#
    The most frequent reasons among the customers likely to leave, without the numbers in them: for
    all countries together and for each one.
#}
with
    customers as (
        select * from {{ ref("rpt_call_list") }} where churn_probability >= 0.5 and reason_2 <> ''
    ),

    customer_reasons as (
        select
            customers.country,
            regexp_replace(split_part(reason, ':', 1), '[0-9][0-9.,]*', '…', 'g') as reason,
            customers.yearly_revenue
        from customers
        cross join lateral unnest(array[reason_1, reason_2, reason_3]) as reasons(reason)
        where reason <> '' and reason not like '%(lowers the risk)'
    ),

    counted as (
        select
            coalesce(country, 'Everywhere') as country,
            reason,
            count(*) as customers,
            sum(yearly_revenue) as yearly_revenue,
            grouping(country) = 1 as is_everywhere
        from customer_reasons
        group by grouping sets ((reason), (reason, country))
    )

select
    -- ids
    country,

    -- text
    reason,
    {{ counted("customers") }} as value_text,

    -- numbers
    customers,
    yearly_revenue,
    round(100.0 * customers / max(customers) over (partition by country), 1) as bar_pct,
    row_number() over (partition by country order by customers desc, reason) as sort_order,

    -- booleans
    is_everywhere
from counted
