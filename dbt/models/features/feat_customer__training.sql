-- Each snapshot whose 90 days are over, with what came of it: no purchase in the 90 days after it
-- is
-- churn. What came of it is told as it was known when the 90 days ended.
with
    described as (
        select *
        from
            {{ feature_groups("customer", "feat_customer__snapshots", where="not is_current") }}
            as described
    ),

    known as (select max(known_from)::date as last_day from {{ ref("bridge_order_lines") }}),

    purchases as (
        select distinct described.customer_key, described.as_of
        from described
        inner join
            {{ ref("bridge_order_lines") }} as lines
            on lines.customer_key = described.customer_key
            and lines.ordered_at >= described.as_of + 1
            and lines.ordered_at < described.as_of + 91
            and lines.known_from < described.as_of + 91
            and lines.known_to >= described.as_of + 91
        where lines.kind = 'sale' and not lines.is_cancelled
    )

select
    described.*,
    case when purchases.customer_key is null then 'churned' else 'stayed' end as churned
from described
cross join known
left join
    purchases
    on purchases.customer_key = described.customer_key
    and purchases.as_of = described.as_of
where described.as_of + 90 <= known.last_day
