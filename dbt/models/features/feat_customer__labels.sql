{{ config(materialized="incremental", incremental_strategy="append") }}

-- What came of each snapshot whose 90 days are over: no purchase in the 90 days after it is
-- churn. It
-- is told as it was known when the 90 days ended, so that it never changes afterwards.
with
    snapshots as (
        select customer_key, as_of
        from {{ ref("feat_customer__snapshots") }} as snapshots
        where
            not is_current
            and as_of + 90
            <= (select max(as_of) from {{ ref("feat_customer__snapshots") }} where is_current)
            {% if is_incremental() %}
                and not exists (
                    select
                    from {{ this }} as known
                    where
                        known.customer_key = snapshots.customer_key
                        and known.as_of = snapshots.as_of
                )
            {% endif %}
    ),

    purchases as (
        select distinct snapshots.customer_key, snapshots.as_of
        from snapshots
        inner join
            {{ ref("bridge_order_lines") }} as lines
            on lines.customer_key = snapshots.customer_key
            and lines.ordered_at >= snapshots.as_of + 1
            and lines.ordered_at < snapshots.as_of + 91
            and lines.known_from < snapshots.as_of + 91
            and lines.known_to >= snapshots.as_of + 91
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
