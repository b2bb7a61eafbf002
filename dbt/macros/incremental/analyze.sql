{# Renews the planner's statistics: the next model of the same run joins this table at once. #}
{% macro analyze(relation) -%}
    {%- if config.get("materialized") not in ["view", "ephemeral"] -%}
        analyze {{ relation }}
    {%- endif -%}
{%- endmacro %}


{# How many rows the planner expects in a table or view, by its statistics and its size on disk. #}
{% macro rows_expected(relation) -%}
    {%- set plan = run_query("explain select from " ~ relation).rows[0][0] -%}
    {{- return(modules.re.search("rows=([0-9]+)", plan).group(1) | int) -}}
{%- endmacro %}
