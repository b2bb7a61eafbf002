{# How far each segment is from the average customer, in standard deviations. #}
with
    rfm as (
        select *
        from {{ ref("feat_customer__rfm") }}
        where as_of = (select max(as_of) from {{ ref("pred_segments") }})
    ),

    customers as (
        select segments.segment_name, measures.*
        from {{ ref("pred_segments") }} as segments
        inner join rfm on rfm.customer_key = segments.customer_key
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
    ),

    sizes as (select segment_name, shown_customers, sort_order from {{ ref("rpt_segments") }})

select
    -- ids
    customers.segment_name,
    customers.position,

    -- text
    customers.position || ' · ' || customers.measure as measure_label,
    customers.segment_name || ' · ' || min(sizes.shown_customers) as segment_label,
    {{ short_number("percentile_cont(0.5) within group (order by customers.value)") }} as shown,

    -- numbers
    round(((avg(customers.logarithm) - typical.mean) / typical.deviation)::numeric, 1) as z,
    percentile_cont(0.5) within group (order by customers.value) as median,
    min(sizes.sort_order) as sort_order
from customers
inner join typical on typical.position = customers.position
inner join sizes on sizes.segment_name = customers.segment_name
group by
    customers.segment_name, customers.position, customers.measure, typical.mean, typical.deviation
