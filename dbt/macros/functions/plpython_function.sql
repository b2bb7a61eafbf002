{#
    Makes a PL/Python function of a Python file in ../udf/functions.

    dbt knows SQL functions on Postgres; its dispatch looks here for those written in Python. The
    file stays an ordinary Python module with a function named by the config `entry_point`, to which
    the arguments of the .yml are handed in their order.
#}
{% macro postgres__scalar_function_python(target_relation) %}
    {{ replace_if_changed(target_relation, plpython_function(target_relation)) }}
{% endmacro %}


{% macro plpython_function(target_relation) %}
    {%- set function = target_relation.include(database=false) -%}
    {%- set names = model.arguments | map(attribute="name") | join(", ") -%}
    {%- set types = model.arguments | map(attribute="data_type") | join(", ") -%}
    {%- set signature = function ~ "(" ~ types ~ ")" -%}
    {%- set tag = "$" ~ model.name ~ "_of_glasshouse$" -%}
    {# Indentation means something in Python, so no formatter of SQL may touch the body. #}
    {%- set call = "return " ~ model.config.entry_point ~ "(" ~ names ~ ")" -%}
    {%- set body = [
        tag,
        model.compiled_code or model.raw_code,
        call,
        "# " ~ definition_line(),
        tag,
    ] | join("\n") -%}

    {{ drop_other_signatures(target_relation) }}

    create or replace function {{ function }} ({{ formatted_scalar_function_args_sql() }})
    returns {{ model.returns.data_type }}
    language plpython3u {{ scalar_function_volatility_sql() }}
    {# It executes SQL, and PostgreSQL crashes when a parallel worker does that. #}
    parallel unsafe
    as {{ body }}
    ;

    {{ describe_and_grant(signature) }}
{% endmacro %}
