{#
    What the training rows lack, in words; empty where they lack nothing. The config `min_rows` gives
    the least number of different values of a column: {"customer_key": 200, "as_of": 2}. A small or
    young shop has too few customers or quarters to train a model that can be tested.
#}
{% macro missing_rows(query) -%}
    {%- set missing = [] -%}
    {%- for column, minimum in config.get("min_rows", {}).items() -%}
        {%- set distinct = "count(distinct " ~ adapter.quote(column) ~ ")" -%}
        {%- set count = query_training_rows(query, distinct) -%}
        {%- if count < minimum -%}
            {%- set text = "{} different values of {} (it has {})" -%}
            {%- do missing.append(text.format(minimum, column, count)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(missing | join(", ")) -}}
{%- endmacro %}


{#
    An aggregate of the training rows. They are read through a view, because a query that ends in a
    comment or a semicolon cannot stand between parentheses.
#}
{% macro query_training_rows(query, aggregate) -%}
    {%- do run_query("create or replace temporary view training_rows as " ~ query) -%}
    {%- set value = run_query("select " ~ aggregate ~ " from training_rows").rows[0][0] -%}
    {%- do run_query("drop view training_rows") -%}
    {{- return(value) -}}
{%- endmacro %}
