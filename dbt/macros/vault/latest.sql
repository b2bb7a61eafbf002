{#
    The newest row of each key of a satellite, as a sub-select.

        select * from {{ latest(ref("sat_order__status"), "order_key") }} as statuses

    `among`: a query of keys; other keys are left out.
#}
{% macro latest(satellite, key, among=none) -%}
    (
        select distinct on ({{ key }}) *
        from {{ satellite }}
        {% if among %} where {{ key }} in ({{ among }}) {% endif %}
        order by {{ key }}, valid_from desc, load_date desc
    )
{%- endmacro %}


{# The oldest row of each key: the attributes when the key was first recorded. #}
{% macro earliest(satellite, key) -%}
    (
        select distinct on ({{ key }}) *
        from {{ satellite }}
        order by {{ key }}, valid_from, load_date
    )
{%- endmacro %}
