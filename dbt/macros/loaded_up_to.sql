{# Up to which load date an incremental model has taken in the rows it is built on. #}
{% macro loaded_up_to() -%} {{- newest_here("load_date") -}} {%- endmacro %}


{#
    The newest moment in a column of the table being built, as a literal: the planner can tell how
    few rows lie beyond it, where of a subquery it would assume a third.
#}
{% macro newest_here(column) -%}
    {%- set newest = "-infinity" -%}
    {%- if execute and is_incremental() -%}
        {%- set query -%}
            select coalesce(max({{ column }}), '-infinity')::text from {{ this }}
        {%- endset -%}
        {%- set newest = run_query(query).rows[0][0] -%}
    {%- endif -%}
    timestamp '{{ newest }}'
{%- endmacro %}
