{# Renews the planner's statistics: the next model of the same run joins this table at once. #}
{% macro analyze(relation) -%}
    {%- if config.get("materialized") not in ["view", "ephemeral"] -%}
        analyze {{ relation }}
    {%- endif -%}
{%- endmacro %}
