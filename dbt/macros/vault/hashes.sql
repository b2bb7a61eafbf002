{#
    The hash of a business key, 16 bytes wide: the same key gives the same hash in every table,
    whatever loaded it. A row as text says where a value ends and which are NULL.
#}
{% macro hash_key(columns) -%} md5(row({{ columns | join(", ") }})::text)::uuid {%- endmacro %}

{# The same where the business may not be known: the unknown member has a key of its own. #}
{% macro hash_key_or_unknown(column) -%}
    case when {{ column }} is null then {{ unknown_key() }} else {{ hash_key([column]) }} end
{%- endmacro %}

{# Stands in a link, a fact or a dimension for what nobody knows: a customer over the counter. #}
{% macro unknown_key() -%} '00000000-0000-0000-0000-000000000000'::uuid {%- endmacro %}
