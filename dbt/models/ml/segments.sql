{{
    config(
        materialized="ml_model",
        task="clustering",
        key="customer_key",
        metric="silhouette",
        algorithms=[{"algorithm": "k_means", "params": {"n_clusters": 4}}],
        options={"importance_repeats": 3, "bootstrap": 100},
    )
}}

-- Learned at the end of a quarter, so that a segment means the same for three months.
with
    learned_at as (
        select as_of
        from {{ ref("feat_customer__snapshots") }}
        group by as_of, is_current
        order by is_current, as_of desc
        limit 1
    )

select customer_key, log_recency, log_orders, log_spent
from {{ behaviour("(select as_of from learned_at)") }} as described
