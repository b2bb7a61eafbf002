-- The outcome of each snapshot whose 90 days are over: a customer without a purchase in these 90
-- days has churned. It is told as it was valid when the 90 days ended, so it never changes.
with
    snapshots as (
        select customer_key, as_of
        from {{ ref("feat_customer__snapshots") }} as snapshots
        where
            not is_current
            and as_of + 90
            <= (select max(as_of) from {{ ref("feat_customer__snapshots") }} where is_current)
    ),

    purchases as (
        select distinct snapshots.customer_key, snapshots.as_of
        from snapshots
        inner join
            {{ ref("bridge_order_lines") }} as lines
            on lines.customer_key = snapshots.customer_key
            and lines.ordered_at >= snapshots.as_of + 1
            and lines.ordered_at < snapshots.as_of + 91
            and lines.valid_from < snapshots.as_of + 91
            and lines.valid_to >= snapshots.as_of + 91
        where lines.kind = 'sale' and not lines.is_cancelled
    )

select
    snapshots.customer_key,
    snapshots.as_of,
    case when purchases.customer_key is null then 'churned' else 'stayed' end as churned
from snapshots
left join
    purchases
    on purchases.customer_key = snapshots.customer_key
    and purchases.as_of = snapshots.as_of
