{#
    The last price paid for each product in the 90 days up to each of some days: (as_of, product_key,
    unit_price). `days`: a relation or step with a column as_of. Each price is looked up from the day
    backwards, by an index, because a product has thousands of order lines in 90 days.
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
                    and sold.valid_from < days.as_of + 1
                    and sold.valid_to >= days.as_of + 1
                    and sold.kind = 'sale'
                    and not sold.is_cancelled
                    and sold.unit_price > 0
                order by sold.ordered_at desc, sold.order_line_key
                limit 1
            ) as last_sold
    )
{%- endmacro %}
