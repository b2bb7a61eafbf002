{#
    Revenue, orders and customers month by month, each month beside the same month of the year
    before: a row is an order's part of one product line. The rows of the year before are the same
    ones, moved on by a year, so that every filter acts on both sides alike.

    It shows whole months only, the last 36 of them.
#}
{{ config(indexes=[{"columns": ["country"]}, {"columns": ["product_line"]}]) }}

with
    bounds as (
        select
            date_trunc('month', min(date_day))::date as first_month,
            -- A month counts from its last day on.
            (date_trunc('month', max(date_day) + 1) - interval '1 month')::date as last_month
        from {{ ref("fct_order_lines") }}
    ),

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
        from {{ ref("obt_order_lines") }}
        group by 1, 2, 3, 4, 5, 6, 7
    ),

    -- Whole numbers are counted faster than keys.
    numbered as (
        select
            *,
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
            null,
            null,
            null,
            revenue,
            order_id,
            customer_id
        from numbered
        cross join bounds
        -- Without two whole years there is nothing to compare.
        where bounds.first_month <= (bounds.last_month - interval '23 months')::date
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
    month > (bounds.last_month - interval '12 months')::date as is_last_year,

    -- dates
    month
from both_years
cross join bounds
where month <= bounds.last_month and month > (bounds.last_month - interval '36 months')::date
