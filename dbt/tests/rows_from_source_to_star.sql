-- Every row of the source arrives once: in its hub, and in the star.
{% set pairs = [
    ("stg_shop__countries", "hub_country", 0),
    ("stg_shop__product_lines", "hub_product_line", 0),
    ("stg_shop__customers", "hub_customer", 0),
    ("stg_shop__products", "hub_product", 0),
    ("stg_shop__promotions", "hub_promotion", 0),
    ("stg_shop__orders", "hub_order", 0),
    ("stg_shop__payments", "hub_payment", 0),
    ("stg_shop__customers", "dim_customers", 1),
    ("stg_shop__products", "dim_products", 0),
    ("stg_shop__order_items", "fct_order_lines", 0),
    ("stg_shop__order_items", "obt_order_lines", 0),
    ("stg_shop__payments", "fct_payments", 0),
] %}

with
    counted as (
        {% for source_table, arrived, more in pairs %}
            select
                '{{ arrived }}' as arrived_in,
                (select count(*) from {{ ref(source_table) }}) + {{ more }} as expected,
                (select count(*) from {{ ref(arrived) }}) as found
                {{ "union all" if not loop.last }}
        {% endfor %}
    )

select *
from counted
where expected <> found
