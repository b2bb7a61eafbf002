{#
    The last price known of each product in the 90 days up to each of some days: (as_of, product_key,
    unit_price). `days`: a relation or step with a column as_of.
#}
{% macro last_prices(days) -%}
    (
        select distinct
            on (days.as_of, sold.product_key) days.as_of, sold.product_key, sold.unit_price
        from {{ days }} as days
        inner join
            {{ ref("bridge_order_lines") }} as sold
            on sold.ordered_at < days.as_of + 1
            and sold.ordered_at >= days.as_of - 89
            and sold.known_from < days.as_of + 1
            and sold.known_to >= days.as_of + 1
        where sold.kind = 'sale' and not sold.is_cancelled and sold.unit_price > 0
        order by days.as_of, sold.product_key, sold.ordered_at desc, sold.order_line_key
    )
{%- endmacro %}


{# What each product cost when it was last looked: (product_key, unit_price). #}
{% macro standing_prices() -%}
    (
        select distinct on (product_key) product_key, unit_price
        from {{ ref("feat_product__prices") }}
        order by product_key, load_date desc
    )
{%- endmacro %}
