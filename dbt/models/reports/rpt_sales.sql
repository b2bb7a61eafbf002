{#
    Revenue, orders and customers month by month, each month beside the same month of the year
    before: a row is an order's part of one product line. The rows of the year before are the same
    ones, moved on by a year, so that every filter acts on both sides alike.

    It grows by what is new: orders with news are counted anew, and when a month is over, those of
    the months in which that changes something (see macros/sales.sql).
#}
{{
    config(
        materialized="incremental",
        incremental_strategy="append",
        indexes=[
            {"columns": ["country"]},
            {"columns": ["product_line"]},
            {"columns": ["order_hash"]},
        ],
        pre_hook="{{ forget_sales() }}",
        post_hook="{{ remember_sales() }}",
    )
}}

{%- set months = whole_months() %}

with
    parts as (
        select
            order_number,
            customer_key,
            date_trunc('month', date_day)::date as month,
            country,
            channel,
            product_line,
            customer_number <> 'Unknown' as is_known,
            bool_or(kind = 'sale' and status <> 'cancelled') as is_order,
            sum(net_amount) as revenue
        from {{ lines_to_count() }} as lines
        group by 1, 2, 3, 4, 5, 6, 7
    ),

    -- Whole numbers are counted faster than keys.
    numbered as (
        select
            *,
            hashtextextended(order_number, 0) as order_hash,
            case when is_order then hashtextextended(order_number, 0) end as order_id,
            case
                when is_order and is_known then uuid_hash_extended(customer_key, 0)
            end as customer_id
        from parts
    ),

    both_years as (
        select
            month,
            country,
            channel,
            product_line,
            order_hash,
            revenue,
            order_id,
            customer_id,
            null::numeric as revenue_before,
            null::bigint as order_before_id,
            null::bigint as customer_before_id
        from numbered
        union all
        select
            (month + interval '1 year')::date,
            country,
            channel,
            product_line,
            order_hash,
            null,
            null,
            null,
            revenue,
            order_id,
            customer_id
        from numbered
        -- Beside a part of a year, any year looks large.
        where {{ months.has_year_before }}
    )

select
    -- ids
    order_hash,

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
    month > ({{ months.last }} - interval '12 months')::date as is_last_year,

    -- dates
    month
from both_years
where month <= {{ months.last }} and month > ({{ months.last }} - interval '36 months')::date
