{#
    Has the planner know a table just built: without it the next step of the same build, run a moment
    later, is planned for a table of unknown size, and a join of a million rows takes hours.
#}
{% macro analyze(relation) -%}
    {%- if config.get("materialized") != "view" -%} analyze {{ relation }} {%- endif -%}
{%- endmacro %}
