{#
    What the training rows lack, in words; empty where they lack nothing. The config `min_rows` gives
    the least number of different values of a column: {"customer_key": 200, "as_of": 2}. A small or
    young shop has too few customers or quarters to train a model that can be tested.
#}
{% macro missing_rows(rows_sql) -%}
    {%- set missing = [] -%}
    {%- for column, minimum in config.get("min_rows", {}).items() -%}
        {#- A query that ends in a comment or a semicolon cannot stand between parentheses. -#}
        {%- do run_query("create or replace temporary view training_rows as " ~ rows_sql) -%}
        {%- set query = "select count(distinct {}) from training_rows" -%}
        {%- set count = run_query(query.format(adapter.quote(column))).rows[0][0] -%}
        {%- do run_query("drop view training_rows") -%}
        {%- if count < minimum -%}
            {%- set text = "{} different values of {} (it has {})" -%}
            {%- do missing.append(text.format(minimum, column, count)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(missing | join(", ")) -}}
{%- endmacro %}
