{# Where a hash key lies among all that are possible, from 0 up to 1: a fixed way to draw a sample. #}
{% macro place_by_hash(key) -%}
    (('x' || left({{ key }}::text, 8))::bit(32)::bigint / 4294967296.0)
{%- endmacro %}
