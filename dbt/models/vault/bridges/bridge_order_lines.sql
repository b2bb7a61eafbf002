{{
    config(
        incremental_strategy="delete+insert",
        unique_key="order_line_key",
        indexes=[
            {"columns": ["order_line_key"]},
            {"columns": ["load_date"]},
            {"columns": ["customer_key"]},
            {"columns": ["ordered_at"]},
            {"columns": ["product_key", "ordered_at"]},
        ],
    )
}}

-- What was known of each order line, and from when to when: the one place where the history of an
-- order, of its status and of its lines is laid side by side. Facts read the rows that still hold;
-- features read those that held on a day.
with
    {% if is_incremental() %}
        changed_orders as (
            select order_key
            from {{ ref("sat_order__placed") }}
            where load_date > {{ loaded_up_to() }}
            union
            -- Of statuses, whether an order is cancelled is all that is told here.
            select news.order_key
            from {{ ref("sat_order__status") }} as news
            inner join
                {{ ref("sat_order__status") }} as cancelled on cancelled.order_key = news.order_key
            where news.load_date > {{ loaded_up_to() }} and cancelled.status = 'cancelled'
        ),

        changed_lines as (
            select order_line_key
            from {{ ref("link_order__product") }}
            where order_key in (select order_key from changed_orders)
            union
            select order_line_key
            from {{ ref("sat_order_line") }}
            where load_date > {{ loaded_up_to() }}
        ),

        wanted_lines as (
            select *
            from {{ ref("sat_order_line") }}
            where order_line_key in (select order_line_key from changed_lines)
        ),

        wanted_orders as (
            select order_key
            from {{ ref("link_order__product") }}
            where product_in_order_key in (select product_in_order_key from wanted_lines)
        ),
    {% else %}
        wanted_lines as (select * from {{ ref("sat_order_line") }}),

        wanted_orders as (select order_key from {{ ref("hub_order") }}),
    {% endif %}

    lines as (select *, {{ until_the_next("order_line_key") }} as known_to from wanted_lines),

    placed as (
        select *, {{ until_the_next("order_key") }} as known_to
        from {{ ref("sat_order__placed") }}
        where order_key in (select order_key from wanted_orders)
    ),

    statuses as (
        select *
        from {{ ref("sat_order__status") }}
        where order_key in (select order_key from wanted_orders)
    ),

    -- When an order was cancelled, and when it stood again. Before the first word on it, it stands.
    turns as (
        select
            order_key,
            timestamp '-infinity' as known_at,
            false as is_cancelled,
            min(load_date) as load_date
        from statuses
        group by order_key
        union all
        select order_key, known_at, is_cancelled, load_date
        from
            (
                select
                    order_key,
                    known_at,
                    load_date,
                    status = 'cancelled' as is_cancelled,
                    lag(status = 'cancelled', 1, false) over (
                        partition by order_key order by known_at, load_date
                    ) as was_cancelled
                from statuses
            ) as compared
        where is_cancelled <> was_cancelled
    ),

    standings as (
        select
            order_key,
            is_cancelled,
            known_at,
            lead(known_at, 1, timestamp 'infinity') over (
                partition by order_key order by known_at
            ) as known_to,
            load_date
        from turns
    )

select
    -- ids
    lines.order_line_key,
    links.order_key,
    links.line_number,
    links.product_key,
    placed_links.customer_key,
    placed_links.country_key,
    placed_links.promotion_key,
    placed_links.returned_order_key,

    -- text
    placed.kind,

    -- numbers
    lines.quantity,
    lines.unit_price,
    lines.discount,
    lines.quantity * lines.unit_price as gross_amount,
    lines.quantity * lines.unit_price * (1 - lines.discount) as net_amount,

    -- booleans
    standings.is_cancelled,

    -- dates
    placed.ordered_at,
    greatest(lines.known_at, placed.known_at, standings.known_at) as known_from,
    least(lines.known_to, placed.known_to, standings.known_to) as known_to,
    greatest(lines.load_date, placed.load_date, standings.load_date) as load_date
from lines
inner join
    {{ ref("link_order__product") }} as links
    on links.product_in_order_key = lines.product_in_order_key
inner join placed on placed.order_key = links.order_key
inner join
    {{ ref("link_order__placed") }} as placed_links
    on placed_links.order_placed_key = placed.order_placed_key
inner join standings on standings.order_key = links.order_key
where
    greatest(lines.known_at, placed.known_at, standings.known_at)
    < least(lines.known_to, placed.known_to, standings.known_to)
{% if not is_incremental() %}
    -- A customer's lines lie side by side, for the features, which read them customer by customer.
    order by placed_links.customer_key
{% endif %}
