{#
    Looks at the rows that each trained model names in its meta, and keeps how far they are from its
    training: see ml.watch. Of several tables the columns they share are read.
#}
{% macro watch_models() -%}
    {%- if execute -%}
        {%- for name in var("trained_models") -%}
            {%- set wanted = model_node(name).config.meta.get("watch") -%}
            {%- if wanted and is_trained(model_relation(name)) -%}
                select count(*)
                from
                    ml.watch(
                        {{ sql_text(registry_name(name)) }},
                        {{ sql_text(rows_to_watch(wanted.rows)) }},
                        {{ sql_text(wanted.get("period")) }}
                    )
                ;
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{# One SELECT over tables of the project, by name. #}
{% macro rows_to_watch(names) -%}
    {%- set relations, shared = [], [] -%}
    {%- for name in names -%} {%- do relations.append(model_relation(name)) -%} {%- endfor -%}
    {%- for column in adapter.get_columns_in_relation(relations[0]) | map(attribute="quoted") -%}
        {%- set found = [] -%}
        {%- for relation in relations
            if column in (adapter.get_columns_in_relation(relation) | map(attribute="quoted") | list) -%}
            {%- do found.append(relation) -%}
        {%- endfor -%}
        {%- if found | length == relations | length -%}
            {%- do shared.append(column) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for relation in relations -%}
        select {{ shared | join(", ") }} from {{ relation }} {{- " union all " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
