{#
    Tables on a Citus cluster. `distributed_by` in a model's config names the column whose hash decides
    where a row is stored; `reference_table: true` keeps a copy of the table on every node. A server
    without Citus gets an ordinary table, and the log says so.

    Rows go from the query to the shards, so they are inserted after the table is distributed. dbt
    calls this macro for tables and for the first build of incremental models. The temporary table of
    an incremental build is local: new rows pass through the coordinator.
#}
{% macro postgres__create_table_as(temporary, relation, sql) -%}
    {%- set distribution = "" if temporary else distribution_sql(relation) -%}
    {%- if not distribution -%}
        {{- return(dbt.postgres__create_table_as(temporary, relation, sql)) -}}
    {%- endif -%}
    {%- if config.get("contract").enforced -%}
        {%- do exceptions.raise_compiler_error(
            "A distributed table cannot have an enforced contract yet. Remove `contract` or the distribution."
        ) -%}
    {%- endif -%}
    create table {{ relation }} as (
    {{ sql }}
    )
    with no data
    ;
    {{ distribution }}
    ;
    insert into {{ relation }} (
    {{ sql }}
    )
    ;
{%- endmacro %}


{# The call that distributes the table of the model being built; empty where it stays as it is. #}
{% macro distribution_sql(relation) -%}
    {%- set column = config.get("distributed_by") -%}
    {%- if not column and not config.get("reference_table") -%} {{- return("") -}} {%- endif -%}
    {%- if column and config.get("reference_table") -%}
        {%- do exceptions.raise_compiler_error(
            "A table has `distributed_by` or `reference_table`, not both."
        ) -%}
    {%- endif -%}
    {%- if not has_citus() -%}
        {%- do log(model.name ~ " is an ordinary table: this server has no Citus", info=true) -%}
        {{- return("") -}}
    {%- endif -%}
    {%- if column -%}
        select create_distributed_table({{ sql_text(relation.render()) }}, {{ sql_text(column) }})
    {%- else -%} select create_reference_table({{ sql_text(relation.render()) }})
    {%- endif -%}
{%- endmacro %}


{% macro has_citus() -%}
    {{-
        return(
            run_query("select 1 from pg_extension where extname = 'citus'").rows | length > 0
        )
    -}}
{%- endmacro %}
