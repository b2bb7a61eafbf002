{# Until when a row of a satellite counts: until the next row of its key does. #}
{% macro valid_to(key) -%}
    lead(valid_from, 1, timestamp 'infinity') over (
        partition by {{ key }} order by valid_from, load_date
    )
{%- endmacro %}
