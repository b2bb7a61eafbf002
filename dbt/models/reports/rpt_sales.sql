{#
    Revenue, orders and customers month by month, each month beside the same month of the year
    before: a row is an order's part of one product line. The rows of the year before are the same
    ones, moved on by a year, so that every filter acts on both sides alike.
#}
{{ config(indexes=[{"columns": ["country"]}, {"columns": ["product_line"]}]) }}

with
    lines as (select * from {{ ref("fct_order_lines") }}),

    customers as (select * from {{ ref("dim_customers") }}),

    products as (select * from {{ ref("dim_products") }}),

    locations as (select * from {{ ref("dim_locations") }}),

    parts as (
        select
            lines.order_number,
            lines.customer_key,
            lines.date_day,
            locations.country,
            customers.channel,
            products.product_line,
            customers.customer_number <> 'Unknown' as is_known,
            bool_or(lines.kind = 'sale' and lines.status <> 'cancelled') as is_order,
            sum(lines.net_amount) as revenue
        from lines
        inner join customers on customers.customer_key = lines.customer_key
        inner join products on products.product_key = lines.product_key
        inner join locations on locations.location_key = lines.location_key
        group by
            lines.order_number,
            lines.customer_key,
            lines.date_day,
            locations.country,
            customers.channel,
            products.product_line,
            customers.customer_number
    ),

    -- Whole numbers are counted faster than keys.
    numbered as (
        select
            *,
            date_trunc('month', date_day)::date as month,
            case when is_order then dense_rank() over (order by order_number) end as order_id,
            case
                when is_order and is_known then dense_rank() over (order by customer_key)
            end as customer_id,
            max(date_day) over () as last_day,
            date_trunc('month', min(date_day) over ())::date as first_month
        from parts
    ),

    -- The last month counts from the day on which it is over.
    whole_months as (
        select
            *,
            case
                when last_day = (date_trunc('month', last_day) + interval '1 month - 1 day')::date
                then date_trunc('month', last_day)::date
                else (date_trunc('month', last_day) - interval '1 month')::date
            end as last_month
        from numbered
    ),

    both_years as (
        select
            month,
            last_month,
            country,
            channel,
            product_line,
            revenue,
            order_id,
            customer_id,
            null::numeric as revenue_before,
            null::bigint as order_before_id,
            null::bigint as customer_before_id
        from whole_months
        where month <= last_month
        union all
        select
            (month + interval '1 year')::date,
            last_month,
            country,
            channel,
            product_line,
            null,
            null,
            null,
            revenue,
            order_id,
            customer_id
        from whole_months
        where
            month + interval '1 year' <= last_month
            -- Beside a part of a year, any year looks large.
            and first_month <= (last_month - interval '23 months')::date
    )

select
    -- text
    country,
    channel,
    product_line,

    -- numbers
    revenue,
    revenue_before,
    order_id,
    order_before_id,
    customer_id,
    customer_before_id,

    -- booleans
    month > (last_month - interval '12 months')::date as is_last_year,

    -- dates
    month
from both_years
where month > (last_month - interval '36 months')::date
