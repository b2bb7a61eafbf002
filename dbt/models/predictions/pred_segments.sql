{{
    config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key="customer_key",
        post_hook="delete from {{ this }} where customer_key not in (select customer_key from {{ ref('feat_customer__behaviour_today') }})",
    )
}}

-- The name of a segment compares its median customer with the median customer of the shop: by
-- recency and by spending. Spending distinguishes two segments of one name.
with
    predictions as (
        select * from {{ predict(ref("segments"), ref("feat_customer__behaviour_today")) }}
    ),

    champion as (select * from {{ champion_of("segments") }} as champion),

    customers as (
        select described.*, predictions.prediction::integer as segment
        from {{ ref("feat_customer__behaviour_today") }} as described
        inner join predictions on predictions.customer_key = described.customer_key
    ),

    shop as (
        select
            percentile_cont(0.5) within group (order by log_recency) as recency,
            percentile_cont(0.5) within group (order by log_spent) as spent
        from customers
    ),

    profiles as (
        select
            segment,
            percentile_cont(0.5) within group (order by log_recency) as recency,
            percentile_cont(0.5) within group (order by log_spent) as spent
        from customers
        group by segment
    ),

    named as (
        select
            profiles.segment,
            profiles.spent,
            case
                when profiles.recency <= shop.recency and profiles.spent >= shop.spent
                then 'Regulars'
                when profiles.recency <= shop.recency
                then 'Newcomers'
                when profiles.spent >= shop.spent
                then 'Slipping away'
                else 'Asleep'
            end as name
        from profiles
        cross join shop
    ),

    unique_names as (
        select
            segment,
            name || case
                when count(*) over (partition by name) = 1
                then ''
                when row_number() over (partition by name order by spent desc, segment) = 1
                then ', big spenders'
                when row_number() over (partition by name order by spent desc, segment) = 2
                then ', small spenders'
                else
                    ', group ' || row_number() over (partition by name order by spent desc, segment)
            end as segment_name
        from named
    ),

    assignments as (
        select
            customers.customer_key,
            customers.as_of,
            champion.model,
            champion.model_label,
            champion.model_version,
            customers.segment,
            unique_names.segment_name
        from customers
        inner join unique_names on unique_names.segment = customers.segment
        cross join champion
    )

select assignments.*
from assignments
{% if is_incremental() %}
    left join {{ this }} as existing on existing.customer_key = assignments.customer_key
    where
        (
            existing.as_of,
            existing.segment_name,
            existing.segment,
            existing.model_version
        ) is distinct from (
            assignments.as_of,
            assignments.segment_name,
            assignments.segment,
            assignments.model_version
        )
{% endif %}
