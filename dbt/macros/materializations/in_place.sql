{#
    Views, and tables with in_place=true, are replaced without being dropped, as long as their columns
    stay the same. dbt's own materializations drop them, and with them every view that reads them, so
    a dashboard would show errors until the build has come to those views.
#}
{% materialization view, adapter = "postgres" %}
    {%- set existing = load_cached_relation(this) -%}
    {%- if not existing or not existing.is_view -%}
        {{ return(dbt.materialization_view_default()) }}
    {%- endif -%}
    {%- call build_relation(existing) -%}
        do $view$ begin
        {{ get_replace_view_sql(existing, sql) }}
        -- PostgreSQL says so where the columns are others.
        exception when invalid_table_definition then
        {{ get_drop_sql(existing) }};
        {{ get_create_view_as_sql(existing, sql) }}
        end $view$
    {%- endcall -%}
    {{ return({"relations": [existing]}) }}
{% endmaterialization %}


{% materialization table, adapter = "postgres" %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set can_stay = config.get("in_place") and existing and existing.is_table -%}
    {%- set rows = make_temp_relation(this) -%}
    {%- if can_stay -%}
        {%- do run_query("drop table if exists " ~ rows) -%}
        {%- do run_query(create_table_as(true, rows, sql)) -%}
        {%- set can_stay = not check_for_schema_changes(rows, existing).schema_changed -%}
    {%- endif -%}
    {%- if not can_stay -%} {{ return(dbt.materialization_table_default()) }} {%- endif -%}
    {%- set columns = quoted_names(columns_of(existing)) -%}
    {%- call build_relation(existing) -%}
        delete from {{ existing }};
        insert into {{ existing }} ({{ columns }}) select {{ columns }} from {{ rows }}
    {%- endcall -%}
    {{ return({"relations": [existing]}) }}
{% endmaterialization %}
