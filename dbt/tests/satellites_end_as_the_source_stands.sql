-- The newest row of each satellite says what the source says now: nothing was missed on the way. A
-- refresh asks it of the keys that have changed since all of them were sound.
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
{% set since = sound_up_to("updated_at") if execute else none %}

with
    {% for satellite, stage, key, columns in compared %}
        {{ stage }}_asked as (
            select *
            from {{ ref(stage) }}
            {% if since %} where updated_at >= {{ since }} {% endif %}
        ),
    {% endfor %}

    differing as (
        {% for satellite, stage, key, columns in compared %}
            {% set among = "select " ~ key ~ " from " ~ stage ~ "_asked" %}
            select '{{ satellite }}' as satellite, asked.{{ key }} as key
            from {{ stage }}_asked as asked
            left join
                {{ latest(ref(satellite), key, among=among if since) }} as newest
                on newest.{{ key }} = asked.{{ key }}
            where
                (newest.{{ columns | join(", newest.") }})
                is distinct from (asked.{{ columns | join(", asked.") }})
                {{ "union all" if not loop.last }}
        {% endfor %}
    )

select *
from differing
