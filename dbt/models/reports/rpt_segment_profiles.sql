{#
    The distance of each segment from the average customer of the shop, in standard deviations: for all
    countries together and for each one. The measures stay columns until the customers are aggregated:
    as rows they would all be sorted together.
#}
{%- set measures = [
    ("recency_days", "Days since last order"),
    ("orders_total", "Orders in total"),
    ("orders_365_days", "Orders in a year"),
    ("spent_total", "Spent in total"),
    ("spent_365_days", "Spent in a year"),
    ("order_value", "Order value"),
] %}

with
    rfm as (
        select *, as_of - last_order_on as recency_days
        from {{ ref("feat_customer__rfm") }}
        where as_of = (select max(as_of) from {{ ref("pred_segments") }})
    ),

    customers as (
        select
            segments.segment_name,
            dim_customers.country,
            {% for column, _ in measures %}
                rfm.{{ column }}::float8 as {{ column }},
                ln(1 + greatest(rfm.{{ column }}, 0))::float8 as log_{{ column }}
                {{- "," if not loop.last }}
            {% endfor %}
        from {{ ref("pred_segments") }} as segments
        inner join rfm on rfm.customer_key = segments.customer_key
        inner join
            {{ ref("dim_customers") }} as dim_customers
            on dim_customers.customer_key = segments.customer_key
    ),

    typical as (
        select
            {% for column, _ in measures %}
                avg(log_{{ column }}) as mean_{{ column }},
                nullif(stddev_pop(log_{{ column }}), 0) as deviation_{{ column }}
                {{- "," if not loop.last }}
            {% endfor %}
        from customers
    ),

    summed as (
        select
            segment_name,
            country,
            grouping(country) = 1 as is_everywhere,
            {% for column, _ in measures %}
                avg(log_{{ column }}) as mean_{{ column }},
                percentile_cont(0.5) within group (order by {{ column }}) as median_{{ column }}
                {{- "," if not loop.last }}
            {% endfor %}
        from customers
        group by grouping sets ((segment_name), (segment_name, country))
    )

select
    -- ids
    coalesce(summed.country, 'Everywhere') as country,
    summed.segment_name,
    measures.position,

    -- text
    measures.position || ' · ' || measures.measure as measure_label,
    {{ short_number("measures.median") }} as value_text,

    -- numbers
    round(((measures.mean - measures.typical_mean) / measures.deviation)::numeric, 1) as z,
    measures.median,

    -- booleans
    summed.is_everywhere
from summed
cross join typical
cross join
    lateral(
        values
            {% for column, words in measures %}
                (
                    {{ loop.index }},
                    {{ sql_text(words) }},
                    summed.mean_{{ column }},
                    summed.median_{{ column }},
                    typical.mean_{{ column }},
                    typical.deviation_{{ column }}
                )
                {{- "," if not loop.last }}
            {% endfor %}
    ) as measures(position, measure, mean, median, typical_mean, deviation)
