-- Logarithms: from one order to two is as far as from ten to twenty.
with
    snapshots as (
        select as_of, is_current
        from {{ ref("feat_customer__snapshots") }}
        group by as_of, is_current
    ),

    -- Segments are learned at the end of a quarter, so that they mean the same for three months; a
    -- shop younger than that learns from today.
    chosen as (
        select *, row_number() over (order by is_current, as_of desc) = 1 as is_learned_from
        from snapshots
    )

select
    groups.customer_key,
    groups.as_of,
    chosen.is_current,
    chosen.is_learned_from,
    ln(1 + groups.as_of - groups.last_order_on)::float8 as log_recency,
    ln(1 + groups.orders_total)::float8 as log_orders,
    ln(1 + greatest(groups.spent_total, 0))::float8 as log_spent
from {{ ref("feat_customer__rfm") }} as groups
inner join chosen on chosen.as_of = groups.as_of
where chosen.is_current or chosen.is_learned_from
