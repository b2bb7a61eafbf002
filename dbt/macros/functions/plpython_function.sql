{#
    Makes a PL/Python function of a Python file in ../udf/functions.

    dbt knows SQL functions on Postgres; its dispatch looks here for those written in Python. The
    file stays an ordinary Python module with a function named by the config `entry_point`, to which
    the arguments of the .yml are handed in their order.
#}
{% macro postgres__scalar_function_python(target_relation) %}
    {%- set function = target_relation.include(database=false) -%}
    {%- set names = model.arguments | map(attribute="name") | join(", ") -%}
    {%- set types = model.arguments | map(attribute="data_type") | join(", ") -%}
    {%- set signature = function ~ "(" ~ types ~ ")" -%}
    {%- set tag = "$" ~ model.name ~ "_of_glasshouse$" -%}
    {# Python minds its indentation, so no formatter of SQL may come near the body. #}
    {%- set call = "return " ~ model.config.entry_point ~ "(" ~ names ~ ")" -%}
    {%- set body = [tag, model.compiled_code or model.raw_code, call, tag] | join("\n") -%}

    {{ drop_other_signatures(target_relation) }}

    create or replace function {{ function }} ({{ formatted_scalar_function_args_sql() }})
    returns {{ model.returns.data_type }}
    language plpython3u {{ scalar_function_volatility_sql() }}
    {# It runs SQL of its own, and Postgres crashes when a parallel worker does that. #}
    parallel unsafe
    as {{ body }}
    ;

    {{ describe_and_grant(signature) }}
{% endmacro %}


{% macro describe_and_grant(signature) %}
    comment on function {{ signature }} is {{ quoted_comment(function_comment()) }};

    {# Postgres lets everybody execute a new function. #}
    revoke all
    on function {{ signature }}
    from public
    ;
    grant execute
    on function {{ signature }}
    to transformer
    ;
{% endmacro %}


{#
    "create or replace" cannot change names of arguments or what is returned, and would leave a
    function with other types standing beside the new one.
#}
{% macro drop_other_signatures(target_relation) %}
    {%- set arguments = [] -%}
    {%- for argument in model.arguments -%}
        {%- do arguments.append(argument.name ~ " " ~ argument.data_type) -%}
    {%- endfor -%}
    do $drop_of_glasshouse$
    declare
        old regprocedure;
    begin
        for old in
            select oid
            from pg_catalog.pg_proc
            where pronamespace = to_regnamespace({{ quoted_comment(adapter.quote(target_relation.schema)) }})
                and proname = {{ quoted_comment(target_relation.identifier) }}
                and (
                    lower(pg_get_function_identity_arguments(oid)) <> lower({{ quoted_comment(arguments | join(', ')) }})
                    or lower(pg_get_function_result(oid)) <> lower({{ quoted_comment(model.returns.data_type) }})
                )
        loop
            execute format('drop function %s', old);
        end loop;
    end
    $drop_of_glasshouse$;
{% endmacro %}


{# What \df+ and ml.help show: the description, a line for each argument and the result, an example. #}
{% macro function_comment() %}
    {%- set lines = [model.description] -%}
    {%- if model.arguments -%}
        {%- do lines.append("") -%}
        {%- for argument in model.arguments -%}
            {%- do lines.append(
                "  "
                ~ argument.name
                ~ " "
                ~ argument.data_type
                ~ ": "
                ~ argument.description
            ) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if model.returns.description -%}
        {%- do lines.append("") -%}
        {%- do lines.append(
            "Returns " ~ model.returns.data_type ~ ": " ~ model.returns.description
        ) -%}
    {%- endif -%}
    {%- set example = model.config.get("meta", {}).get("example") -%}
    {%- if example -%}
        {%- do lines.append("") -%} {%- do lines.append("Example: " ~ example) -%}
    {%- endif -%}
    {{ return(lines | join("\n")) }}
{% endmacro %}


{% macro quoted_comment(text) %}
    {{- return("'" ~ (text | replace("'", "''")) ~ "'") -}}
{% endmacro %}
