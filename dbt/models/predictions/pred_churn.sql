{{
    config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key="customer_key",
        post_hook="delete from {{ this }} where customer_key not in (select customer_key from {{ ref('pred_churn__scores') }})",
    )
}}

{# The rows whose prediction differs from the one in the table. -#}
{%- set changed -%}
    select scores.*
    from {{ ref("pred_churn__scores") }} as scores
    {% if is_incremental() -%}
        left join {{ this }} as existing on existing.customer_key = scores.customer_key
        where
            (existing.as_of, existing.churn_probability, existing.model_version)
            is distinct from (scores.as_of, scores.score, scores.model_version)
    {%- endif %}
{%- endset -%}

{#- Only the customers most likely to leave are explained, because only those are called. -#}
{%- set to_explain -%}
    select current.*
    from {{ ref("feat_customer__current") }} as current
    inner join ({{ changed }}) as changed on changed.customer_key = current.customer_key
    order by changed.score desc, changed.customer_key
    limit {{ var("explained_customers") }}
{%- endset -%}

with
    changed as ({{ changed }}),

    explained as (
        select *
        from {{ explain(ref("churn"), to_explain, top=3) }} as explained
        where rank between 1 and 3
    ),

    explanations as (
        select
            key::uuid as customer_key,
            rank,
            {{ feature_text("explained.feature", "explained.value", ref("churn")) }} || case
                when contribution >= 0 then ' (raises the risk)' else ' (lowers the risk)'
            end as reason
        from explained
    ),

    reasons as (
        select
            customer_key,
            max(reason) filter (where rank = 1) as reason_1,
            max(reason) filter (where rank = 2) as reason_2,
            max(reason) filter (where rank = 3) as reason_3
        from explanations
        group by customer_key
    )

select
    -- ids
    changed.customer_key,
    changed.as_of,
    changed.model,
    changed.model_label,
    changed.model_version,

    -- text
    changed.prediction,
    reasons.reason_1,
    reasons.reason_2,
    reasons.reason_3,

    -- numbers
    changed.score as churn_probability,
    changed.score
from changed
left join reasons on reasons.customer_key = changed.customer_key
