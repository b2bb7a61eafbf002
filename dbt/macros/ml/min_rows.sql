{#
    What the training rows lack, in words; empty where they lack nothing.

    `min_rows` in the config of a model node gives the least number of different values of a column.
    A small or young shop has too few customers or quarters to train a model that can be tested.

        min_rows={"customer_key": 200, "as_of": 2}
#}
{% macro missing_rows(rows_sql) -%}
    {%- set minimums = config.get("min_rows", {}) -%}
    {%- if not minimums -%} {{- return("") -}} {%- endif -%}
    {%- set counts, missing = [], [] -%}
    {%- for column in minimums -%}
        {%- do counts.append("count(distinct " ~ adapter.quote(column) ~ ")") -%}
    {%- endfor -%}
    {#- A query that ends in a comment or a semicolon cannot stand between parentheses. -#}
    {%- do run_query("create temporary view training_rows as " ~ rows_sql) -%}
    {%- set row = run_query("select " ~ counts | join(", ") ~ " from training_rows").rows[0] -%}
    {%- do run_query("drop view training_rows") -%}
    {%- for column, minimum in minimums.items() -%}
        {%- if row[loop.index0] < minimum -%}
            {%- do missing.append(
                minimum
                ~ " different values of "
                ~ column
                ~ " (it has "
                ~ row[loop.index0]
                ~ ")"
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(missing | join(", ")) -}}
{%- endmacro %}
