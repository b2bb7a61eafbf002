{# Where a hash key lies among all that are possible, from 0 to 1: for a reproducible sample. #}
{% macro hash_fraction(key) -%}
    (('x' || left({{ key }}::text, 8))::bit(32)::bigint / 4294967296.0)
{%- endmacro %}
