{{
    config(
        materialized="ml_model",
        task="clustering",
        key="customer_key",
        min_rows={"customer_key": 200},
        metric="silhouette",
        algorithms=[{"algorithm": "k_means", "params": {"n_clusters": 4}}],
        options={"importance_repeats": 3, "bootstrap": 100},
    )
}}

select customer_key, log_recency, log_orders, log_spent
from {{ ref("feat_customer__behaviour") }}
where is_learned_from
