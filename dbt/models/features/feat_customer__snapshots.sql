-- Which customers are described on which days. For training: the customers who had bought within
-- `active_days`, at the end of each quarter, so that the 90 days of one snapshot are over before
-- the
-- next begins. For today: the same customers on the last day anything is known of.
with
    orders as (
        select order_key, customer_key, ordered_at, known_from, known_to
        from {{ ref("bridge_order_lines") }}
        where kind = 'sale' and not is_cancelled and customer_key <> {{ unknown_key() }}
        group by order_key, customer_key, ordered_at, known_from, known_to
    ),

    bounds as (
        select min(ordered_at)::date as first_day, max(known_from)::date as last_day
        from {{ ref("bridge_order_lines") }}
    ),

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
                bounds,
                generate_series(
                    date_trunc('quarter', first_day), last_day, interval '3 months'
                ) as quarter
        {% endif %}
    ),

    -- A large shop is learned from by a part of its customers, the same ones in every snapshot:
    -- all of them, a half, a quarter … by their hash.
    sample as (
        select
            least(
                1,
                2 ^ ceil(log(2, {{ var("training_customers") }}::numeric / greatest(count(*), 1)))
            ) as share
        from {{ ref("hub_customer") }}
    ),

    snapshots as (
        select days.as_of, false as is_current, sample.share
        from days
        cross join bounds
        cross join sample
        where days.as_of < bounds.last_day
        union all
        select last_day, true, 1
        from bounds
        where last_day is not null
    )

select distinct orders.customer_key, snapshots.as_of, snapshots.is_current
from snapshots
inner join
    orders
    on orders.ordered_at < snapshots.as_of + 1
    and orders.ordered_at >= snapshots.as_of + 1 - {{ var("active_days") }}
    and orders.known_from < snapshots.as_of + 1
    and orders.known_to >= snapshots.as_of + 1
where {{ place_by_hash("orders.customer_key") }} < snapshots.share
