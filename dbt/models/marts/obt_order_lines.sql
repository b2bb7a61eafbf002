{{
    config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key="order_line_key",
        indexes=[{"columns": ["order_line_key"], "unique": True}, {"columns": ["load_date"]}],
    )
}}

-- The star joined into one wide table, for exploring without joins. A line is written again when
-- the fact has a new row of it, and when a dimension says something else than the row does.
with
    {% if is_incremental() %}
        changed_lines as (
            select order_line_key
            from {{ ref("fct_order_lines") }}
            where {{ changed_rows("load_date") }}
            union
            select existing.order_line_key
            from {{ this }} as existing
            inner join
                {{ ref("dim_customers") }} as customers
                on customers.customer_key = existing.customer_key
            inner join
                {{ ref("dim_products") }} as products on products.product_key = existing.product_key
            inner join
                {{ ref("dim_locations") }} as locations
                on locations.location_key = existing.location_key
            where
                (
                    existing.customer_number,
                    existing.customer_name,
                    existing.channel,
                    existing.signed_up_on,
                    existing.sku,
                    existing.product_name,
                    existing.product_line,
                    existing.country,
                    existing.iso_code,
                    existing.city
                ) is distinct from (
                    customers.customer_number,
                    customers.customer_name,
                    customers.channel,
                    customers.signed_up_on,
                    products.sku,
                    products.product_name,
                    products.product_line,
                    locations.country,
                    locations.iso_code,
                    locations.city
                )
        ),
    {% endif %}

    lines as (
        select *
        from {{ ref("fct_order_lines") }}
        {% if is_incremental() %}
            where order_line_key in (select order_line_key from changed_lines)
        {% endif %}
    ),

    customers as (select * from {{ ref("dim_customers") }}),

    products as (select * from {{ ref("dim_products") }}),

    locations as (select * from {{ ref("dim_locations") }}),

    dates as (select * from {{ ref("dim_dates") }})

select
    -- ids
    lines.order_line_key,
    lines.order_number,
    lines.line_number,
    lines.customer_key,
    lines.product_key,
    lines.location_key,

    -- the order
    lines.kind,
    lines.status,
    lines.quantity,
    lines.unit_price,
    lines.discount,
    lines.gross_amount,
    lines.net_amount,
    lines.ordered_at,

    -- the customer
    customers.customer_number,
    customers.customer_name,
    customers.channel,
    customers.signed_up_on,

    -- the product
    products.sku,
    products.product_name,
    products.product_line,

    -- the place
    locations.country,
    locations.iso_code,
    locations.city,

    -- the day
    lines.date_day,
    dates.year,
    dates.quarter,
    dates.month,
    dates.month_name,
    dates.iso_week,
    dates.day_of_week,
    dates.day_name,
    dates.is_weekend,
    dates.is_holiday,
    dates.holiday_name,
    {{ this_load() }} as load_date
from lines
inner join customers on customers.customer_key = lines.customer_key
inner join products on products.product_key = lines.product_key
inner join locations on locations.location_key = lines.location_key
inner join dates on dates.date_day = lines.date_day
