-- Which customers are described on which days. For training: the customers who had bought within
-- `active_days`, at the end of each quarter, so that the 90 days of one snapshot are over before
-- the next begins. For today: the same on the last day that the shop has recorded anything. A
-- snapshot is final when the look-back window is over: no late row can change it any more.
with
    orders as (
        select customer_key, ordered_at, valid_from, valid_to
        from {{ ref("bridge_order_lines") }}
        where kind = 'sale' and not is_cancelled and customer_key <> {{ unknown_key() }}
    ),

    bounds as (
        select
            min(ordered_at)::date as first_day,
            nullif(max(valid_from)::date, '-infinity') as last_day
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
            from bounds
            cross join
                generate_series(
                    date_trunc('quarter', first_day), last_day, interval '3 months'
                ) as quarter
        {% endif %}
    ),

    snapshots as (
        select
            days.as_of,
            false as is_current,
            days.as_of < bounds.last_day - interval '{{ var("lookback") }}' as is_final,
            (select share from {{ ref("feat_customer__sample") }}) as share
        from days
        cross join bounds
        where days.as_of < bounds.last_day
        union all
        select last_day, true, false, 1
        from bounds
        where last_day is not null
    )

select distinct orders.customer_key, snapshots.as_of, snapshots.is_current, snapshots.is_final
from snapshots
inner join
    orders
    on orders.ordered_at < snapshots.as_of + 1
    and orders.ordered_at >= snapshots.as_of + 1 - {{ var("active_days") }}
    and orders.valid_from < snapshots.as_of + 1
    and orders.valid_to >= snapshots.as_of + 1
where {{ hash_fraction("orders.customer_key") }} < snapshots.share
