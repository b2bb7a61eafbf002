{#
    The condition for the rows of a parent that this incremental model has not taken in yet.

        where {{ changed_rows("load_date") }}

    `column`: the parent's column that says when a row came. `watermark`: the column of this model
    whose newest value says how far it has read; the same name by default. `lookback`: read so much
    further back, because a row may be committed after rows with a later time; the model then leaves
    out what it already has, by its key.

    The watermark is a literal, not a subquery: the planner sees how few rows lie beyond it and uses
    an index. A watermark in the future, which a wrong clock of the source writes, counts as now.
#}
{% macro changed_rows(column, watermark="load_date", lookback=none) -%}
    {%- set rows = [] -%}
    {%- if execute and is_incremental() -%}
        {%- set query -%}
            select
                (
                    least(max({{ watermark }}), now() at time zone 'UTC')
                    - interval '{{ lookback or "0 days" }}'
                )::text
            from {{ this }}
            having max({{ watermark }}) is not null
        {%- endset -%}
        {%- set rows = run_query(query).rows -%}
    {%- endif -%}
    {%- set newest = rows[0][0] if rows else "-infinity" -%}
    {{ column }} {{ ">=" if lookback else ">" }} timestamp '{{ newest }}'
{%- endmacro %}


{#
    When this run started, UTC: the load date of every row that it writes. A growing table stamps its
    rows with its own run, not with the load date of their parents. So a parent's rows that a partial
    build left behind still have a later load date than any row of the child.
#}
{% macro this_load() -%}
    timestamp '{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f") }}'
{%- endmacro %}
