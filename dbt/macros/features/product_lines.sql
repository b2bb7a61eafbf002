{# The product line that each product was first recorded with: (product_key, product_line). #}
{% macro product_lines() -%}
    (
        select names.product_key, hubs.product_line
        from {{ earliest(ref("sat_product__name"), "product_key") }} as names
        inner join
            {{ ref("link_product__product_line") }} as links
            on links.product_in_line_key = names.product_in_line_key
        inner join
            {{ ref("hub_product_line") }} as hubs on hubs.product_line_key = links.product_line_key
    )
{%- endmacro %}
