{#
    The size, revenue and description of each segment: for all countries together and for each one.
#}
with
    customers as (
        select
            segments.customer_key,
            segments.segment_name,
            segments.model_version,
            customers.country,
            rfm.*
        from {{ ref("pred_segments") }} as segments
        inner join
            (
                select
                    customer_key as described_key,
                    as_of - last_order_on as recency_days,
                    orders_total,
                    spent_total,
                    spent_365_days
                from {{ ref("feat_customer__rfm") }}
                where as_of = (select max(as_of) from {{ ref("pred_segments") }})
            ) as rfm
            on rfm.described_key = segments.customer_key
        inner join
            {{ ref("dim_customers") }} as customers
            on customers.customer_key = segments.customer_key
    ),

    sizes as (
        select
            coalesce(country, 'Everywhere') as country,
            grouping(country) = 1 as is_everywhere,
            segment_name,
            count(*) as customers,
            sum(spent_365_days)::float8 as yearly_revenue,
            percentile_cont(0.5) within group (order by recency_days) as recency_days,
            percentile_cont(0.5) within group (order by orders_total) as orders,
            percentile_cont(0.5) within group (order by spent_total) as spent,
            max(model_version) as model_version
        from customers
        group by grouping sets ((segment_name), (segment_name, country))
    ),

    shares as (
        select
            *,
            customers / sum(customers) over (partition by country)::float8 as share,
            yearly_revenue
            / nullif(sum(yearly_revenue) over (partition by country), 0) as revenue_share
        from sizes
    )

select
    -- ids
    country,
    segment_name,

    -- text
    {{ counted("customers") }} || ' (' || {{ percent("share") }} || ')' as customers_text,
    {{ percent("share") }} as share_text,
    {{ percent("revenue_share") }} as revenue_text,
    'The typical customer last bought '
    || {{ counted("round(recency_days::numeric)") }}
    || ' days ago, has ordered '
    || {{ counted("round(orders::numeric)") }}
    || case round(orders::numeric) when 1 then ' time' else ' times' end
    || ' and has spent '
    || {{ counted("round(spent::numeric)") }}
    || ' € in total.' as description,

    -- numbers
    customers,
    share,
    yearly_revenue,
    revenue_share,
    round(
        (100 * share / max(greatest(share, revenue_share)) over (partition by country))::numeric, 1
    ) as share_pct,
    round(
        (
            100 * revenue_share / max(greatest(share, revenue_share)) over (partition by country)
        )::numeric,
        1
    ) as revenue_pct,
    row_number() over (
        partition by country order by yearly_revenue desc, segment_name
    ) as sort_order,
    model_version,

    -- booleans
    is_everywhere
from shares
