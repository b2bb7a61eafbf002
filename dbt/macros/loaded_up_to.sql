{# Up to which load date an incremental model has taken in the rows it is built on. #}
{% macro loaded_up_to() -%}
    (select coalesce(max(load_date), timestamp '-infinity') from {{ this }})
{%- endmacro %}
