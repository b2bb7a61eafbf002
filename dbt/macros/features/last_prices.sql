{#
    The last price known of each product in the 90 days up to each of some days: (as_of, product_key,
    unit_price). `days`: a relation or step with a column as_of. Each is looked up, from the day
    backwards: a few hundred products were sold in a million lines of those 90 days.
#}
{% macro last_prices(days) -%}
    (
        select days.as_of, products.product_key, last_sold.unit_price
        from {{ days }} as days
        cross join {{ ref("hub_product") }} as products
        cross join
            lateral(
                select sold.unit_price
                from {{ ref("bridge_order_lines") }} as sold
                where
                    sold.product_key = products.product_key
                    and sold.ordered_at < days.as_of + 1
                    and sold.ordered_at >= days.as_of - 89
                    and sold.known_from < days.as_of + 1
                    and sold.known_to >= days.as_of + 1
                    and sold.kind = 'sale'
                    and not sold.is_cancelled
                    and sold.unit_price > 0
                order by sold.ordered_at desc, sold.order_line_key
                limit 1
            ) as last_sold
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
