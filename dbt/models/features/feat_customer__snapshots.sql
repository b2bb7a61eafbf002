{{
    config(
        materialized="incremental",
        incremental_strategy="append",
        pre_hook="{{ carry_customers_over() }}",
        post_hook="{{ remember_what_was_described() }}",
        meta={
            "made_with": [
                var("snapshots"),
                var("active_days"),
                var("training_customers"),
            ]
        },
    )
}}

{%- set before = described_before() if execute and is_incremental() else none %}
{%- set known = last_day_known(before) %}
{%- set today = "date '" ~ known.day ~ "'" if known else "null::date" %}
{%- set orders -%}
    (
        select customer_key, ordered_at, known_from, known_to
        from {{ ref("bridge_order_lines") }}
        where kind = 'sale' and not is_cancelled and customer_key <> {{ unknown_key() }}
    )
{%- endset %}

-- Which customers are described on which days. For training: the customers who had bought within
-- `active_days`, at the end of each quarter, so that the 90 days of one snapshot are over before
-- the next begins. For today: the same customers on the last day anything is known of.
with
    days as (
        {% if var("snapshots") %}
            select as_of
            from
                (
                    values
                        {% for day in var("snapshots") %}
                            (date {{ sql_text(day) }}){{ "," if not loop.last }}
                        {% endfor %}
                ) as chosen(as_of)
        {% else %}
            select (quarter + interval '3 months - 1 day')::date as as_of
            from
                generate_series(
                    date_trunc(
                        'quarter', (select min(ordered_at) from {{ ref("bridge_order_lines") }})
                    ),
                    {{ today }},
                    interval '3 months'
                ) as quarter
        {% endif %}
    ),

    snapshots as (
        select as_of, false as is_current, {{ training_share() }} as share
        from days
        where
            as_of < {{ today }}
            {% if is_incremental() %}
                and as_of not in (select as_of from {{ this }} where not is_current)
            {% endif %}
        union all
        select {{ today }}, true, 1
        where {{ today }} is not null
    ),

    asked as (
        select orders.customer_key, snapshots.as_of, snapshots.is_current
        from snapshots
        inner join
            {{ orders }} as orders
            on orders.ordered_at < snapshots.as_of + 1
            and orders.ordered_at >= snapshots.as_of + 1 - {{ var("active_days") }}
            and orders.known_from < snapshots.as_of + 1
            and orders.known_to >= snapshots.as_of + 1
        where {{ place_by_hash("orders.customer_key") }} < snapshots.share
        {% if before and known %}
                and not snapshots.is_current
            union all
            -- The others were carried over from the day before.
            select customer_key, {{ today }}, true
            from {{ orders }} as orders
            where
                customer_key in ({{ customers_with_news(before, known, [var("active_days")]) }})
                and ordered_at < {{ today }} + 1
                and ordered_at >= {{ today }} + 1 - {{ var("active_days") }}
                and known_from < {{ today }} + 1
                and known_to >= {{ today }} + 1
        {% endif %}
    )

select distinct customer_key, as_of, is_current
from asked
