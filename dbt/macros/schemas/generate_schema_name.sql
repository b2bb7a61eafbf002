{#
    Schemas carry the names of the layers (staging, features, …). A developer's target puts its own name
    before each, so two people never overwrite one another. All share the functions in schema `ml`.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set layer = custom_schema_name or target.schema -%}
    {%- if node.resource_type == "function" -%} {{ layer }}
    {%- else -%} {{ developer_prefix() ~ layer }}
    {%- endif -%}
{%- endmacro %}

{# `ada_` for developer ada, nothing for the shared targets. #}
{% macro developer_prefix() -%}
    {{- target.schema ~ "_" if target.name not in ("warehouse", "admin") else "" -}}
{%- endmacro %}
