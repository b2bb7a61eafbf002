-- Every row of the source arrives once: in its hub, and in the star. A refresh counts in the small
-- tables, and asks the large ones for the rows that have changed since all of them were there.
{% set since = sound_up_to("updated_at") if execute else none %}
{#- Named here, because dbt wants to know them all before it knows which. -#}
{% do [ref("stage_orders"), ref("stage_payments"), ref("stage_order_lines")] %}
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
    ("stg_shop__orders", "stage_orders", "order_key", "hub_order"),
    ("stg_shop__payments", "stage_payments", "payment_key", "hub_payment"),
    ("stg_shop__order_items", "stage_order_lines", "order_line_key", "fct_order_lines"),
    ("stg_shop__order_items", "stage_order_lines", "order_line_key", "obt_order_lines"),
    ("stg_shop__payments", "stage_payments", "payment_key", "fct_payments"),
] %}

with
    counted as (
        {% for source_table, arrived, more in small %}
            select
                '{{ arrived }}' as arrived_in,
                (select count(*) from {{ ref(source_table) }}) + {{ more }} as expected,
                (select count(*) from {{ ref(arrived) }}) as found
            union all
        {% endfor %}
        {% for source_table, stage, key, arrived in large %}
            select
                '{{ arrived }}' as arrived_in,
                count(*) as expected,
                {% if since %} count(arrived.{{ key }})
                {% else %} (select count(*) from {{ ref(arrived) }})
                {% endif %} as found
            from {{ ref(stage) if since else ref(source_table) }} as rows_there
            {% if since %}
                left join {{ ref(arrived) }} as arrived on arrived.{{ key }} = rows_there.{{ key }}
                where rows_there.updated_at >= {{ since }}
                {% endif %} {{ "union all" if not loop.last }}
        {% endfor %}
    )

select *
from counted
where expected <> found
