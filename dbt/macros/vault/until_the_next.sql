{# Up to when a row of a satellite holds: until the next row of its key was known. #}
{% macro until_the_next(key) -%}
    lead(known_at, 1, timestamp 'infinity') over (
        partition by {{ key }} order by known_at, load_date
    )
{%- endmacro %}
