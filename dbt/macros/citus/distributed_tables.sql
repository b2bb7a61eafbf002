{#
    Tables on a Citus cluster. `distributed_by` in a model's config names the column whose hash decides
    where a row is stored; `reference_table: true` keeps a copy of the table on every node. A model with
    both is distributed, so a folder can set one and a model in it the other. A server without Citus
    gets ordinary tables.

    Rows go from the query to the shards, so they are inserted after the table is distributed. dbt
    calls this macro for tables and for the first build of incremental models. The temporary table of
    an incremental build is local: new rows pass through the coordinator.
#}
{% macro postgres__create_table_as(temporary, relation, sql) -%}
    {%- set sql = gathered(sql) -%}
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
    {%- if not (column or config.get("reference_table")) or not has_citus() -%} {{- return("") -}}
    {%- elif column -%}
        select create_distributed_table({{ sql_text(relation.render()) }}, {{ sql_text(column) }})
    {%- else -%}
        {# Otherwise the rest of the transaction would have to stay on the coordinator. #}
        set local citus.enable_local_execution to off
        ;
        select create_reference_table({{ sql_text(relation.render()) }})
    {%- endif -%}
{%- endmacro %}


{#
    An index of a distributed table can be unique only if it contains the column that distributes the
    rows. Elsewhere dbt's tests alone check that a key is unique.
#}
{% macro postgres__get_create_index_sql(relation, index_dict) -%}
    {%- set column = config.get("distributed_by") -%}
    {%- if index_dict.unique and column and column not in index_dict.columns and has_citus() -%}
        {%- set index_dict = dict(index_dict, unique=false) -%}
    {%- endif -%}
    {{- dbt.postgres__get_create_index_sql(relation, index_dict) -}}
{%- endmacro %}


{# Whether the server has Citus; asked once in a run, because `graph` belongs to the run. #}
{% macro has_citus() -%}
    {%- if not execute -%} {{- return(false) -}} {%- endif -%}
    {%- if "has_citus" not in graph -%}
        {%- set query = "select 1 from pg_extension where extname = 'citus'" -%}
        {%- do graph.update({"has_citus": run_query(query).rows | length > 0}) -%}
    {%- endif -%}
    {{- return(graph.has_citus) -}}
{%- endmacro %}
