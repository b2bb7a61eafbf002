{#
    How fct_customer_quarters grows: customers of whose lines more is known than before are forgotten
    and counted anew. The bridge tells which: that an order was sent is nothing to it, that it was
    cancelled is. A line with news is asked for all customers it was ever known to be of, because it
    may have been another's.
#}
{% macro customers_of_new_lines(since) -%}
    select customer_key
    from {{ ref("bridge_order_lines") }}
    where
        order_line_key in (
            select order_line_key from {{ ref("bridge_order_lines") }} where load_date > {{ since }}
        )
{%- endmacro %}


{# Before it is built. #}
{% macro forget_customers_with_news() -%}
    {#- Named here, because dbt wants to know them before anything is executed. -#}
    {%- set news = customers_of_new_lines(loaded_up_to()) -%}
    {%- if execute and is_incremental() -%}
        delete from {{ this }} where customer_key in ({{ news }})
    {%- endif -%}
{%- endmacro %}
