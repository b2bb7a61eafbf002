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

-- The history of each order line, of its order and of the order's status in one table: one row for
-- each period in which all three stay the same. Facts read the rows that are valid now; features
-- read the rows that were valid at the end of a day.
with
    {% if is_incremental() %}
        changed_orders as (
            select order_key
            from {{ ref("sat_order__placed") }}
            where {{ changed_rows("load_date") }}
            union
            select order_key
            from {{ ref("link_order__placed") }}
            where {{ changed_rows("load_date") }}
            union
            select order_key
            from {{ ref("sat_order__status") }}
            where {{ changed_rows("load_date") }}
        ),

        changed_lines as (
            select order_line_key
            from {{ ref("link_order__product") }}
            where order_key in (select order_key from changed_orders)
            union
            select order_line_key
            from {{ ref("link_order__product") }}
            where {{ changed_rows("load_date") }}
            union
            select order_line_key
            from {{ ref("sat_order_line") }}
            where {{ changed_rows("load_date") }}
        ),

        selected_lines as (
            select *
            from {{ ref("sat_order_line") }}
            where order_line_key in (select order_line_key from changed_lines)
        ),

        selected_orders as (
            select order_key
            from {{ ref("link_order__product") }}
            where product_in_order_key in (select product_in_order_key from selected_lines)
        ),
    {% else %}
        selected_lines as (select * from {{ ref("sat_order_line") }}),

        selected_orders as (select order_key from {{ ref("hub_order") }}),
    {% endif %}

    lines as (select *, {{ valid_to("order_line_key") }} as valid_to from selected_lines),

    placed as (
        select *, {{ valid_to("order_key") }} as valid_to
        from {{ ref("sat_order__placed") }}
        where order_key in (select order_key from selected_orders)
    ),

    statuses as (
        select *
        from {{ ref("sat_order__status") }}
        where order_key in (select order_key from selected_orders)
    ),

    -- When an order was cancelled, and when the cancellation was withdrawn. Before its first status
    -- row, an order counts as active.
    changes as (
        select distinct order_key, timestamp '-infinity' as valid_from, false as is_cancelled
        from statuses
        union all
        select order_key, valid_from, is_cancelled
        from
            (
                select
                    order_key,
                    valid_from,
                    status = 'cancelled' as is_cancelled,
                    lag(status = 'cancelled', 1, false) over (
                        partition by order_key order by valid_from, load_date
                    ) as was_cancelled
                from statuses
            ) as compared
        where is_cancelled <> was_cancelled
    ),

    cancellations as (
        select
            order_key,
            is_cancelled,
            valid_from,
            lead(valid_from, 1, timestamp 'infinity') over (
                partition by order_key order by valid_from
            ) as valid_to
        from changes
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
    cancellations.is_cancelled,

    -- dates
    placed.ordered_at,
    greatest(lines.valid_from, placed.valid_from, cancellations.valid_from) as valid_from,
    least(lines.valid_to, placed.valid_to, cancellations.valid_to) as valid_to,
    {{ this_load() }} as load_date
from lines
inner join
    {{ ref("link_order__product") }} as links
    on links.product_in_order_key = lines.product_in_order_key
inner join placed on placed.order_key = links.order_key
inner join
    {{ ref("link_order__placed") }} as placed_links
    on placed_links.order_placed_key = placed.order_placed_key
inner join cancellations on cancellations.order_key = links.order_key
where
    greatest(lines.valid_from, placed.valid_from, cancellations.valid_from)
    < least(lines.valid_to, placed.valid_to, cancellations.valid_to)
