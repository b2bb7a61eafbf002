{#
    The source time from which on `make refresh` tests rows, as SQL; none where all rows are tested.
    `make refresh` passes it in PGOPTIONS, so that the tests' SQL is the same in every run.
#}
{% macro changed_since() -%}
    {%- set query = "select nullif(current_setting('glasshouse.changed_since', true), '')" -%}
    {%- set since = run_query(query).rows[0][0] if execute -%}
    {{- return(sql_text(since) ~ "::timestamp" if since else none) -}}
{%- endmacro %}
