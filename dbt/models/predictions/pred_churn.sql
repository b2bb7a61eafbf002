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

    -- A column's meta.reason, with {} for the value or {}% for a share: `Last order {} days ago`.
    templates as (
        select name as feature, reason as template
        from
            jsonb_to_recordset(
                {{ sql_json(feature_columns(ref("churn")) if execute else []) }}
            ) as columns(name text, reason text)
        where reason is not null
    ),

    numbers as (
        select
            explained.*,
            coalesce(templates.template, {{ humanize("feature") }} || ' {}') as template,
            case
                when explained.value ~ '^-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?$'
                then explained.value::numeric
            end as number
        from explained
        left join templates using (feature)
    ),

    texts as (
        select
            *,
            case
                when value is null
                then 'not known'
                when value in ('true', 'false')
                then case value when 'true' then 'yes' else 'no' end
                when number is not null
                then {{ short_number("number") }}
                else value
            end as value_text
        from numbers
    ),

    explanations as (
        select
            key::uuid as customer_key,
            rank,
            -- The singular: `1 day`, not `1 days`.
            regexp_replace(
                replace(
                    replace(template, '{}%', coalesce({{ percent("number") }}, value_text)),
                    '{}',
                    value_text
                ),
                '(^| )1 (day|order|return|time|line)s\M',
                '\11 \2'
            ) || case
                when contribution >= 0 then ' (raises the risk)' else ' (lowers the risk)'
            end as reason
        from texts
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
