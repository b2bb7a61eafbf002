{#
    Views, and tables with in_place=true, are replaced without being dropped, as long as their columns
    stay the same. dbt's own materializations drop them, and with them every view that reads them, so
    a dashboard would show errors until the build has come to those views.
#}
{% materialization view, adapter = "postgres" %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set draft = compare_with_draft(existing) if existing and existing.is_view else {} -%}
    {%- if not draft.has_same_columns -%}
        {{ return(dbt.materialization_view_default()) }}
    {%- endif -%}
    {%- set replacement = "create or replace view " ~ this ~ " as (" ~ sql ~ ")" -%}
    {{
        return(
            run_in_place(
                existing, "select 1 as unchanged" if draft.has_same_definition else replacement
            )
        )
    }}
{% endmaterialization %}


{% materialization table, adapter = "postgres" %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set can_stay = config.get("in_place") and existing and existing.is_table -%}
    {%- if not can_stay or not compare_with_draft(existing).has_same_columns -%}
        {{ return(dbt.materialization_table_default()) }}
    {%- endif -%}
    {%- set replacement = (
        "with emptied as (delete from "
        ~ this
        ~ ") insert into "
        ~ this
        ~ " ("
        ~ sql
        ~ ")"
    ) -%}
    {{ return(run_in_place(existing, replacement)) }}
{% endmaterialization %}


{#
    Compares an existing relation with a view of the model's SQL: has_same_columns (names and types in
    the same order) and, for a view, has_same_definition.
#}
{% macro compare_with_draft(existing) -%}
    {%- set draft = make_intermediate_relation(this.incorporate(type="view")) -%}
    {%- do adapter.drop_relation(draft) -%}
    {%- call statement("draft") -%} {{ get_create_view_as_sql(draft, sql) }} {%- endcall -%}
    {%- set query -%}
        select
            min(columns) = max(columns) as has_same_columns,
            min(definition) = max(definition) as has_same_definition
        from
            (
                select
                    array_agg(
                        (attname, format_type(atttypid, atttypmod))::text order by attnum
                    ) as columns,
                    pg_get_viewdef(attrelid) as definition
                from pg_attribute
                where
                    attrelid in (
                        to_regclass({{ sql_text(existing.render()) }}),
                        to_regclass({{ sql_text(draft.render()) }})
                    )
                    and attnum > 0
                    and not attisdropped
                group by attrelid
            ) as relations
    {%- endset -%}
    {%- set comparison = run_query(query).rows[0].dict() -%}
    {%- do adapter.drop_relation(draft) -%}
    {{- return(comparison) -}}
{%- endmacro %}


{# A materialization around one statement that changes the existing relation. #}
{% macro run_in_place(existing, replacement) %}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- call statement("main") -%} {{ replacement }} {%- endcall -%}
    {%- do apply_grants(existing, config.get("grants"), should_revoke=True) -%}
    {%- do persist_docs(existing, model) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{- return({"relations": [existing]}) -}}
{% endmacro %}
