{#
    How far each segment is from the average customer of the shop, in standard deviations: everywhere
    and for each country.
#}
with
    rfm as (
        select *
        from {{ ref("feat_customer__rfm") }}
        where as_of = (select max(as_of) from {{ ref("pred_segments") }})
    ),

    customers as (
        select segments.segment_name, dim_customers.country, measures.*
        from {{ ref("pred_segments") }} as segments
        inner join rfm on rfm.customer_key = segments.customer_key
        inner join
            {{ ref("dim_customers") }} as dim_customers
            on dim_customers.customer_key = segments.customer_key
        cross join
            lateral(
                values
                    (
                        1,
                        'Days since last order',
                        ln(1 + rfm.recency_days)::float8,
                        rfm.recency_days::float8
                    ),
                    (
                        2,
                        'Orders in all',
                        ln(1 + rfm.orders_total)::float8,
                        rfm.orders_total::float8
                    ),
                    (
                        3,
                        'Orders in a year',
                        ln(1 + rfm.orders_365_days)::float8,
                        rfm.orders_365_days::float8
                    ),
                    (
                        4,
                        'Spent in all',
                        ln(1 + greatest(rfm.spent_total, 0))::float8,
                        rfm.spent_total::float8
                    ),
                    (
                        5,
                        'Spent in a year',
                        ln(1 + greatest(rfm.spent_365_days, 0))::float8,
                        rfm.spent_365_days::float8
                    ),
                    (
                        6,
                        'Value of an order',
                        ln(1 + greatest(rfm.order_value, 0))::float8,
                        rfm.order_value::float8
                    )
            ) as measures(position, measure, logarithm, value)
    ),

    typical as (
        select position, avg(logarithm) as mean, nullif(stddev_pop(logarithm), 0) as deviation
        from customers
        group by position
    )

select
    -- ids
    coalesce(customers.country, 'Everywhere') as country,
    customers.segment_name,
    customers.position,

    -- text
    customers.position || ' · ' || customers.measure as measure_label,
    {{ short_number("percentile_cont(0.5) within group (order by customers.value)") }} as shown,

    -- numbers
    round(((avg(customers.logarithm) - typical.mean) / typical.deviation)::numeric, 1) as z,
    percentile_cont(0.5) within group (order by customers.value) as median,

    -- booleans
    grouping(customers.country) = 1 as is_everywhere
from customers
inner join typical on typical.position = customers.position
group by
    grouping sets (
        (
            customers.segment_name,
            customers.position,
            customers.measure,
            typical.mean,
            typical.deviation
        ),
        (
            customers.segment_name,
            customers.position,
            customers.measure,
            typical.mean,
            typical.deviation,
            customers.country
        )
    )
