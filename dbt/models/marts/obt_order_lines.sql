{{
    config(
        materialized="incremental",
        unique_key="order_line_key",
        indexes=[{"columns": ["order_line_key"]}, {"columns": ["load_date"]}],
    )
}}

-- depends_on: {{ ref("sat_product__name") }}
-- depends_on: {{ ref("bridge_order_lines") }}
-- The star joined into one wide table, for exploring without joins. Whatever is told of a line may
-- have news: the line, its customer, the name of its product.
with
    {% if is_incremental() %}
        {% set since = loaded_up_to() %}
        news as (
            select order_line_key
            from {{ ref("fct_order_lines") }}
            where load_date > {{ since }}
            union
            select order_line_key
            from {{ ref("bridge_order_lines") }}
            where
                customer_key in (
                    select customer_key
                    from {{ ref("dim_customers") }}
                    where load_date > {{ since }}
                )
            union
            select order_line_key
            from {{ ref("bridge_order_lines") }}
            where
                product_key in (
                    select product_key
                    from {{ ref("sat_product__name") }}
                    where load_date > {{ since }}
                )
        ),
    {% endif %}

    lines as (
        select *
        from {{ ref("fct_order_lines") }}
        {% if is_incremental() %}
            where order_line_key in (select order_line_key from news)
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
    greatest(lines.load_date, customers.load_date, products.load_date) as load_date
from lines
inner join customers on customers.customer_key = lines.customer_key
inner join products on products.product_key = lines.product_key
inner join locations on locations.location_key = lines.location_key
inner join dates on dates.date_day = lines.date_day
