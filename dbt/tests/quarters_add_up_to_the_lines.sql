-- depends_on: {{ ref("bridge_order_lines") }}
-- What a customer bought, by quarter and line by line. A refresh asks it of two hundred
-- customers of whom something was heard since all of it was sound; not of those whom nobody knows,
-- who bought as much as a thousand others.
{% set since = sound_up_to() if execute else none %}
{% set asked_for -%}
    {% if since %} customer_key in (select customer_key from customers)
    {% else %} true
    {% endif %}
{%- endset %}

with
    {% if since %}
        customers as (
            select distinct customer_key
            from {{ ref("bridge_order_lines") }}
            where load_date > {{ since }} and customer_key <> {{ unknown_key() }}
            order by customer_key
            limit 200
        ),
    {% endif %}

    by_quarter as (
        select
            customer_key,
            sum(order_lines) as order_lines,
            sum(net_amount) as net_amount,
            min(first_ordered_on) as first_ordered_on,
            max(last_ordered_on) as last_ordered_on
        from {{ ref("fct_customer_quarters") }}
        where {{ asked_for }}
        group by customer_key
    ),

    by_line as (
        select
            customer_key,
            count(*) as order_lines,
            sum(net_amount) as net_amount,
            min(date_day) as first_ordered_on,
            max(date_day) as last_ordered_on
        from {{ ref("fct_order_lines") }}
        where
            kind = 'sale' and status <> 'cancelled' and {{ asked_for }}
            {% if since %}
                -- Lines are looked up by their key; whose they are is asked above.
                and order_line_key in (
                    select order_line_key from {{ ref("bridge_order_lines") }} where {{ asked_for }}
                )
            {% endif %}
        group by customer_key
    )

select customer_key
from by_quarter
full join by_line using (customer_key)
where
    (
        by_quarter.order_lines,
        by_quarter.net_amount,
        by_quarter.first_ordered_on,
        by_quarter.last_ordered_on
    ) is distinct from (
        by_line.order_lines, by_line.net_amount, by_line.first_ordered_on, by_line.last_ordered_on
    )
