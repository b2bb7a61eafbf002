{#
    A function that is one SELECT and runs with the rights of its caller. Postgres puts its text into
    the query that calls it, so that columns nobody asks for are not computed.
#}
{% macro plain_query(target_relation) %}
    {%- set function = target_relation.include(database=false) -%}
    {%- set types = model.arguments | map(attribute="data_type") | join(", ") -%}
    {%- set signature = function ~ "(" ~ types ~ ")" -%}
    {%- set tag = "$" ~ model.name ~ "_of_glasshouse$" -%}
    {%- set code = model.compiled_code or model.raw_code -%}

    {{ drop_other_signatures(target_relation) }}

    create or replace function {{ function }} ({{ formatted_scalar_function_args_sql() }})
    returns {{ model.returns.data_type }}
    language sql {{ scalar_function_volatility_sql() }}
    {# What it calls executes SQL, and PostgreSQL crashes when a parallel worker does that. #}
    parallel unsafe
    security invoker
    as {{ [tag, code, "-- " ~ definition_line(), tag] | join("\n") }}
    ;

    {{ describe_and_grant(signature) }}
{% endmacro %}
