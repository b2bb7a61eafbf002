{#
    The newest row of each key of a satellite: as things stand now.

        select * from {{ latest(ref("sat_order__status"), "order_key") }} as newest

    `among`: a query of keys; the others are not even looked at.
#}
{% macro latest(satellite, key, among=none) -%}
    (
        select distinct on ({{ key }}) *
        from {{ satellite }}
        {% if among %} where {{ key }} in ({{ among }}) {% endif %}
        order by {{ key }}, known_at desc, load_date desc
    )
{%- endmacro %}


{# The first row of each key: as it was when it was first known. #}
{% macro first_known(satellite, key) -%}
    (select distinct on ({{ key }}) * from {{ satellite }} order by {{ key }}, known_at, load_date)
{%- endmacro %}
