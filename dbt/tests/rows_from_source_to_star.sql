-- Every row of the source arrives once in its hub and in the star. `make refresh` counts the rows
-- of
-- small tables, and looks in large tables for the rows that have changed since the last build whose
-- tests passed.
{% set since = changed_since() %}
{% set small = [
    ("stg_shop__countries", "hub_country", 0),
    ("stg_shop__product_lines", "hub_product_line", 0),
    ("stg_shop__customers", "hub_customer", 0),
    ("stg_shop__products", "hub_product", 0),
    ("stg_shop__promotions", "hub_promotion", 0),
    ("stg_shop__customers", "dim_customers", 1),
    ("stg_shop__products", "dim_products", 0),
] %}
{% set large = [
    ("stage_orders", "order_key", ["hub_order"]),
    ("stage_payments", "payment_key", ["hub_payment", "fct_payments"]),
    ("stage_order_lines", "order_line_key", ["fct_order_lines", "obt_order_lines"]),
] %}

with
    {% for stage, key, tables in large %}
        {{ stage }}_rows as (
            select {{ key }}
            from {{ ref(stage) }}
            {% if since %} where updated_at >= {{ since }} {% endif %}
        ),
    {% endfor %}

    counted as (
        {% for source_table, arrived_in, more in small %}
            select
                '{{ arrived_in }}' as arrived_in,
                (select count(*) from {{ ref(source_table) }}) + {{ more }} as expected,
                (select count(*) from {{ ref(arrived_in) }}) as arrived
            union all
        {% endfor %}
        {% for stage, key, tables in large %}
            {% for arrived_in in tables %}
                select '{{ arrived_in }}', count(*), count(arrived.{{ key }})
                from {{ stage }}_rows as expected
                left join
                    {{ ref(arrived_in) }} as arrived on arrived.{{ key }} = expected.{{ key }}
                    {{ "union all" if not loop.last }}
                {% endfor %} {{ "union all" if not loop.last }}
        {% endfor %}
    )

select *
from counted
where expected <> arrived
