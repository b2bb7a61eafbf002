{#
    Transitions of customers between segments: the model in use predicts the segment at the end of each
    of the last eight quarters, from the data of that time, and today. Segments have their current
    names. In a large shop past quarters hold a sample of the customers (feat_customer__sample); today
    uses the same sample, and the counts are scaled up.
#}
{%- set past_customers -%}
    select
        customer_key::text || ' ' || as_of::text as customer_key,
        ln(1 + as_of - last_order_on)::float8 as log_recency,
        ln(1 + orders_total)::float8 as log_orders,
        ln(1 + greatest(spent_total, 0))::float8 as log_spent
    from {{ ref("feat_customer__rfm") }}
    where as_of in (
        select distinct as_of
        from {{ ref("feat_customer__snapshots") }}
        where not is_current
        order by as_of desc
        limit 8
    )
{%- endset -%}
with
    sample as (select share from {{ ref("feat_customer__sample") }}),

    answers as (
        select
            split_part(key, ' ', 1)::uuid as customer_key,
            split_part(key, ' ', 2)::date as as_of,
            prediction::integer as segment
        from
            {{ function("predict") }} (
                {{ sql_text(registry_name("segments")) }}, {{ sql_text(past_customers) }}
            )
        {# A shop too small for segments predicts none. -#}
        {%- if not is_trained(ref("segments")) %} where false {% endif %}
    ),

    names as (select distinct segment, segment_name from {{ ref("pred_segments") }}),

    assigned as (
        select answers.customer_key, answers.as_of, names.segment_name
        from answers
        inner join names on names.segment = answers.segment
        union all
        select customer_key, as_of, segment_name
        from {{ ref("pred_segments") }}
        where {{ hash_fraction("customer_key") }} < (select share from sample)
    ),

    countries as (select customer_key, country from {{ ref("dim_customers") }}),

    days as (
        select as_of, lag(as_of) over (order by as_of) as day_before
        from (select distinct as_of from assigned) as distinct_days
    ),

    transitions as (
        select
            days.as_of,
            days.day_before,
            countries.country,
            coalesce(before.segment_name, 'Not a customer') as from_segment,
            coalesce(now.segment_name, 'Bought nothing for a year') as to_segment,
            round(count(*) / (select share from sample))::bigint as customers
        from days
        inner join
            (
                select as_of as at, customer_key
                from assigned
                union
                select days.as_of, assigned.customer_key
                from assigned
                inner join days on days.day_before = assigned.as_of
            ) as all_customers
            on all_customers.at = days.as_of
        inner join countries on countries.customer_key = all_customers.customer_key
        left join
            assigned as now
            on now.as_of = days.as_of
            and now.customer_key = all_customers.customer_key
        left join
            assigned as before
            on before.as_of = days.day_before
            and before.customer_key = all_customers.customer_key
        group by
            days.as_of, days.day_before, countries.country, before.segment_name, now.segment_name
    )

select
    -- ids
    as_of,
    country,
    from_segment,
    to_segment,

    -- text
    to_char(as_of, 'FMDD Mon YYYY') as day_label,
    from_segment || ' (before)' as source_label,
    to_segment || ' (after)' as target_label,
    case when (select share from sample) < 1 then 'about ' else '' end
    || {{ counted("customers") }}
    || ' customers' as value_text,

    -- numbers
    customers,
    dense_rank() over (order by as_of desc) as newest_rank,

    -- booleans
    day_before is not null as is_move,
    from_segment <> to_segment as is_change,

    -- dates
    day_before
from transitions
