{#
    Views, and tables with in_place=true, are replaced without being dropped, as long as their columns
    stay the same. dbt's own materializations drop them, and with them every view that reads them, so
    a dashboard would show errors until the build has come to those views.
#}
{% materialization view, adapter = "postgres" %}
    {%- set existing = load_cached_relation(this) -%}
    {%- if existing is none or not existing.is_view -%}
        {{ return(dbt.materialization_view_default()) }}
    {%- endif -%}
    {%- set draft = make_intermediate_relation(this.incorporate(type="view")) -%}
    {%- do adapter.drop_relation(draft) -%}
    {%- call statement("draft") -%} {{ get_create_view_as_sql(draft, sql) }} {%- endcall -%}
    {%- set is_replaceable = has_same_columns(existing, draft) -%}
    {%- set is_equal = is_replaceable and has_same_definition(existing, draft) -%}
    {%- do adapter.drop_relation(draft) -%}
    {%- if not is_replaceable -%} {{ return(dbt.materialization_view_default()) }} {%- endif -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% call statement("main") -%}
        {{
            (
                "select 1 as unchanged"
                if is_equal
                else "create or replace view " ~ this ~ " as (" ~ sql ~ ")"
            )
        }}
    {%- endcall %}
    {{ finish_in_place(existing) }}
    {{ return({"relations": [existing]}) }}
{% endmaterialization %}


{% materialization table, adapter = "postgres" %}
    {%- set existing = load_cached_relation(this) -%}
    {%- if not config.get("in_place") or existing is none or not existing.is_table -%}
        {{ return(dbt.materialization_table_default()) }}
    {%- endif -%}
    {%- set draft = make_intermediate_relation(this.incorporate(type="view")) -%}
    {%- do adapter.drop_relation(draft) -%}
    {%- call statement("draft") -%} {{ get_create_view_as_sql(draft, sql) }} {%- endcall -%}
    {%- set is_replaceable = has_same_columns(existing, draft) -%}
    {%- do adapter.drop_relation(draft) -%}
    {%- if not is_replaceable -%} {{ return(dbt.materialization_table_default()) }} {%- endif -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% call statement("main") -%}
        {{ "with emptied as (delete from " ~ this ~ ") insert into " ~ this ~ " (" ~ sql ~ ")" }}
    {%- endcall %}
    {{ finish_in_place(existing) }}
    {{ return({"relations": [existing]}) }}
{% endmaterialization %}


{% macro finish_in_place(relation) %}
    {%- do apply_grants(relation, config.get("grants"), should_revoke=True) -%}
    {%- do persist_docs(relation, model) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
{% endmacro %}


{# Whether two relations have columns of the same names and types in the same order. #}
{% macro has_same_columns(relation, other) -%}
    {%- set columns -%}
        select array_agg((attname, format_type(atttypid, atttypmod))::text order by attnum)
        from pg_attribute
        where attrelid = to_regclass({}) and attnum > 0 and not attisdropped
    {%- endset -%}
    {{- return(same_answer(columns, relation, other)) -}}
{%- endmacro %}


{% macro has_same_definition(view, other) -%}
    {{- return(same_answer("select pg_get_viewdef(to_regclass({}))", view, other)) -}}
{%- endmacro %}


{% macro same_answer(query, relation, other) -%}
    {%- set first = query.format(sql_text(relation.render())) -%}
    {%- set second = query.format(sql_text(other.render())) -%}
    {{- return(run_query("select (" ~ first ~ ") = (" ~ second ~ ")").rows[0][0]) -}}
{%- endmacro %}
