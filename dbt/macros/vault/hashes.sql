{#
    The hash of a business key, 16 bytes: the same key has the same hash in every table. A row as text
    marks where a value ends and which values are NULL.
#}
{% macro hash_key(columns) -%} md5(row({{ columns | join(", ") }})::text)::uuid {%- endmacro %}

{# The hash of a business key that may be NULL; NULL becomes the unknown member. #}
{% macro hash_key_or_unknown(column) -%}
    case when {{ column }} is null then {{ unknown_key() }} else {{ hash_key([column]) }} end
{%- endmacro %}

{# The unknown member: what a link, a fact or a dimension refers to where the source has NULL. #}
{% macro unknown_key() -%} '00000000-0000-0000-0000-000000000000'::uuid {%- endmacro %}
