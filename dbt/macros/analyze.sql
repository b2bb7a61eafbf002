{#
    Has the planner know a table just built: without it the next step of the same build, run a moment
    later, is planned for a table of unknown size, and a join of a million rows takes hours.

    Of a large table that was known before, only how many rows are new: PostgreSQL draws three
    hundred pages for each entry of the statistics, and reading thirty thousand of them took longer
    than the step itself. The rest is renewed by autovacuum when a tenth of the table has changed.
#}
{% macro analyze(relation) -%}
    {%- if config.get("materialized") == "view" or not execute -%} {{- return("") -}} {%- endif -%}
    {%- set is_large = rows_expected(relation) >= 100000 -%}
    {%- set hubs = hubs_of_columns() if is_large else {} -%}
    {%- set dated = ["load_date", "known_at", "as_of"] | select("in", model.columns) | list -%}
    {#- Asked before the hubs are heard; and these in every run, because a shop grows. -#}
    {%- set was_known = is_large and dated and was_analyzed(relation, hubs) -%}
    {%- for column, hub in hubs.items() %}
        alter table {{ relation }} alter column {{ adapter.quote(column) }}
        set (n_distinct = {{ rows_known(hub) }})
        ;
    {%- endfor %}
    {%- if was_known %}
        set local default_statistics_target = 30
        ;
        analyze {{ relation }} ({{ dated | join(", ") }})
    {%- else %} analyze {{ relation }}
    {%- endif -%}
{%- endmacro %}


{#
    The columns of the model at hand that hold a hub's keys, and that hub. How many customers there
    are, the hub knows; a sample of pages where each customer's lines lie side by side shows a tenth
    of them, and a look-up for each is then planned as reading everything.
#}
{% macro hubs_of_columns() -%}
    {%- set hubs = {} -%}
    {%- for column in model.columns -%}
        {%- set hub = modules.re.sub("_(key|number)$", "", column) -%}
        {%- set node = graph.nodes.get("model." ~ project_name ~ ".hub_" ~ hub) -%}
        {%- if hub != column and node and node.name != model.name and column in node.columns -%}
            {%- do hubs.update({column: node.relation_name}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(hubs) -}}
{%- endmacro %}


{# Whether statistics of a table were taken before, with what the hubs know. #}
{% macro was_analyzed(relation, hubs) -%}
    {%- set query -%}
        select
            reltuples > 0
            and {{ hubs | length }} = (
                select count(*)
                from pg_attribute
                where attrelid = tables.oid and array_to_string(attoptions, ' ') ~ 'n_distinct='
            )
        from pg_class as tables
        where oid = {{ sql_text(relation) }}::regclass
    {%- endset -%}
    {{- return(run_query(query).rows[0][0]) -}}
{%- endmacro %}


{# How many rows a table had when statistics of it were taken last; 0, which says nothing, if never. #}
{% macro rows_known(relation) -%}
    {%- set query -%}
        select coalesce(max(greatest(reltuples, 0)), 0)::bigint
        from pg_class
        where oid = to_regclass({{ sql_text(relation) }})
    {%- endset -%}
    {{- return(run_query(query).rows[0][0]) -}}
{%- endmacro %}


{# How many rows the planner expects in a table or view: by its statistics and its size on disk. #}
{% macro rows_expected(relation) -%}
    {%- set plan = run_query("explain select from " ~ relation).rows[0][0] -%}
    {{- return(modules.re.search("rows=([0-9]+)", plan).group(1) | int) -}}
{%- endmacro %}
