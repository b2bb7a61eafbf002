{#
    Measures the drift of the rows that each model node names in its meta, and records it: see
    ml.watch. Of several tables, the columns that all of them have are read.

        meta: {drift: {rows: [feat_customer__training], period: as_of}}
#}
{% macro record_drift() -%}
    {%- if execute -%}
        {%- for name in trained_models() -%}
            {%- set drift = model_node(name).config.meta.get("drift") -%}
            {%- if drift and is_trained(model_relation(name)) -%}
                select count(*)
                from
                    ml.watch(
                        {{ sql_text(registry_name(name)) }},
                        {{ sql_text(union_of_models(drift.rows)) }},
                        {{ sql_text(drift.get("period")) }}
                    )
                ;
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{# One SELECT over models of the project, by name, with the columns that all of them have. #}
{% macro union_of_models(names) -%}
    {%- set relations = [] -%}
    {%- for name in names -%} {%- do relations.append(model_relation(name)) -%} {%- endfor -%}
    {%- set shared = namespace(columns=none) -%}
    {%- for relation in relations -%}
        {%- set columns = (
            adapter.get_columns_in_relation(relation) | map(attribute="quoted") | list
        ) -%}
        {%- set shared.columns = (
            columns if loop.first else shared.columns | select("in", columns) | list
        ) -%}
    {%- endfor -%}
    {%- for relation in relations -%}
        select {{ shared.columns | join(", ") }}
        from {{ relation }} {{- " union all " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
