-- The newest row of each satellite equals the source: no change was missed. `make refresh` tests
-- the
-- keys that have changed since the last build whose tests passed.
{% set compared = [
    (
        "sat_customer__contact",
        "stage_customers",
        "customer_key",
        ["customer_in_country_key", "city", "newsletter"],
    ),
    ("sat_order__status", "stage_orders", "order_key", ["status"]),
    (
        "sat_order_line",
        "stage_order_lines",
        "order_line_key",
        ["product_in_order_key", "quantity", "unit_price", "discount"],
    ),
    ("sat_product__price", "stage_products", "product_key", ["list_price"]),
] %}
{% set since = changed_since() %}

with
    {% for satellite, stage, key, columns in compared %}
        {{ stage }}_rows as (
            select *
            from {{ ref(stage) }}
            {% if since %} where updated_at >= {{ since }} {% endif %}
        ),
    {% endfor %}

    differing as (
        {% for satellite, stage, key, columns in compared %}
            {% set among = "select " ~ key ~ " from " ~ stage ~ "_rows" %}
            select '{{ satellite }}' as satellite, staged.{{ key }} as key
            from {{ stage }}_rows as staged
            left join
                {{ latest(ref(satellite), key, among=among if since) }} as newest
                on newest.{{ key }} = staged.{{ key }}
            where
                (newest.{{ columns | join(", newest.") }})
                is distinct from (staged.{{ columns | join(", staged.") }})
                {{ "union all" if not loop.last }}
        {% endfor %}
    )

select *
from differing
