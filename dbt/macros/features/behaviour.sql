{#
    Recency, frequency and money of the customers of a snapshot, as logarithms: from one order to two
    is as far as from ten to twenty.
#}
{% macro behaviour(as_of) -%}
    (
        select
            customer_key,
            as_of,
            ln(1 + recency_days)::float8 as log_recency,
            ln(1 + orders_total)::float8 as log_orders,
            ln(1 + greatest(spent_total, 0))::float8 as log_spent
        from {{ ref("feat_customer__rfm") }}
        where as_of = {{ as_of }}
    )
{%- endmacro %}
