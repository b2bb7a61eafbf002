{#
    What the rows of a model node lack to be learned from, in words; empty where they lack nothing.

    `needs` in the model's config says of how many different values each column has to have: a young
    shop has no quarter to learn from, a small one too few customers to tell skill from luck. The
    quality gates stay what they are: they are asked of what was trained.

        needs={"customer_key": 200, "as_of": 2}
#}
{% macro what_is_missing(rows_sql) -%}
    {%- set needs = config.get("needs", {}) -%}
    {%- set missing = [] -%}
    {%- if needs -%}
        {%- set counts = [] -%}
        {%- for column in needs -%}
            {%- do counts.append("count(distinct " ~ adapter.quote(column) ~ ")") -%}
        {%- endfor -%}
        {%- set found = run_query(
            "select " ~ counts
            | join(", ") ~ " from (" ~ rows_sql ~ ") as learned_from"
        ).rows[0] -%}
        {%- for column, least in needs.items() -%}
            {%- set there = found[loop.index0] -%}
            {%- if there < least -%}
                {%- do missing.append(
                    least
                    ~ " different values of "
                    ~ column
                    ~ " (there are "
                    ~ there
                    ~ ")"
                ) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(missing | join(", ")) -}}
{%- endmacro %}


{# What stands in the place of a model that could not be trained: its table, without a row. #}
{% macro untrained_sql() -%}
    select (null::ml.training_result).*, now() as built_at where false
{%- endmacro %}


{#
    Whether a model node was trained. The predictions of one that was not are no rows; one that
    was never built counts as trained, so that asking it says what is missing.
#}
{% macro is_trained(relation) -%}
    {%- if not execute or not load_relation(relation) -%} {{- return(true) -}} {%- endif -%}
    {{- return(run_query("select from " ~ relation ~ " limit 1").rows | length > 0) -}}
{%- endmacro %}
