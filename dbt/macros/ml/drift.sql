{#
    Measures the drift of the rows that each model node names in its meta, and records it: see
    ml.watch. Of several tables, the columns that all of them have are read.

        meta: {drift: {rows: [feat_customer__training], period: as_of}}
#}
{% macro record_drift() -%}
    {%- for name in trained_models() if execute -%}
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
{%- endmacro %}


{# One SELECT over models of the project, by name, with the columns that all of them have. #}
{% macro union_of_models(names) -%}
    {%- set tables = {} -%}
    {%- for name in names -%}
        {%- set relation = model_relation(name) -%}
        {%- if not relation -%}
            {%- set message = "meta.drift names {}, which has no table or view. Build it first; an ephemeral model has none." -%}
            {%- do exceptions.raise_compiler_error(message.format(name)) -%}
        {%- endif -%}
        {%- set columns = adapter.get_columns_in_relation(relation) | map(attribute="quoted") -%}
        {%- do tables.update({relation: columns | list}) -%}
    {%- endfor -%}
    {%- set shared = namespace(columns=tables.values() | first) -%}
    {%- for columns in tables.values() -%}
        {%- set shared.columns = shared.columns | select("in", columns) | list -%}
    {%- endfor -%}
    {%- for relation in tables -%}
        select {{ shared.columns | join(", ") }}
        from {{ relation }} {{- " union all " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
