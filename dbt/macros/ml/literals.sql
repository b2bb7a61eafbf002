{# A Jinja value as an SQL text literal; none becomes null. #}
{% macro sql_text(value) -%}
    {{- "null" if value is none else "'" ~ (value | string | replace("'", "''")) ~ "'" -}}
{%- endmacro %}

{# A Jinja value as an SQL jsonb literal; none becomes null. #}
{% macro sql_json(value) -%}
    {{- "null" if value is none else sql_text(tojson(value)) ~ "::jsonb" -}}
{%- endmacro %}
