{#
    Makes a function of a Python file in ../udf/functions.

    dbt knows SQL functions on Postgres; its dispatch looks here for those written in Python. The
    file stays an ordinary Python module with a function named by the config `entry_point`, to which
    the arguments of the .yml are handed in their order.
#}
{% macro postgres__scalar_function_python(target_relation) %}
    {{ replace_if_changed(target_relation, python_function(target_relation)) }}
{% endmacro %}


{#
    The Python code is a function of its own, `<name>_body`, because each exception that leaves
    PL/Python shows a traceback. Errors for the caller are raised around it, see
    ../udf/registry/functions/failures.sql. A function that only the engine calls, whose description
    begins with "Internal:", stands alone.
#}
{% macro python_function(target_relation) %}
    {%- if model.description.startswith("Internal:") -%}
        {{ plpython_function(target_relation, function_comment()) }}
    {%- else -%}
        {%- set body = api.Relation.create(
            schema=target_relation.schema,
            identifier=target_relation.identifier ~ "_body",
        ) -%}
        {{ plpython_function(body, "Internal: the Python code of ml." ~ model.name) }}
        {{ raising_function(target_relation, body) }}
    {%- endif -%}
{% endmacro %}


{% macro plpython_function(target_relation, comment) %}
    {%- set function = target_relation.include(database=false) -%}
    {%- set arguments = ["GD", model.config.entry_point] -%}
    {%- do arguments.extend(model.arguments | map(attribute="name")) -%}
    {%- set call = "call_for_rows" if returns_rows() else "call" -%}
    {%- set tag = "$" ~ model.name ~ "_of_glasshouse$" -%}
    {# Indentation means something in Python, so no formatter of SQL may touch the body. #}
    {%- set body = [
        tag,
        model.compiled_code or model.raw_code,
        "from glasshouse_ml.data.sql_function import " ~ call,
        "return " ~ call ~ "(" ~ (arguments | join(", ")) ~ ")",
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

    {{ describe_and_grant(function_signature(function), comment) }}
{% endmacro %}


{#
    The rows of the Python code, or its one result. NULL is what it returns after an error for the
    caller. Not PL/pgSQL, in which an argument cannot have the name of a column of the result.
#}
{% macro raising_function(target_relation, body) %}
    {%- set function = target_relation.include(database=false) -%}
    {%- set values = [] -%}
    {%- for argument in model.arguments -%}
        {%- do values.append("$" ~ loop.index) -%}
    {%- endfor -%}
    {%- set call = body.include(database=false) ~ "(" ~ (values | join(", ")) ~ ")" -%}
    {%- set result = "(rows.body).*" if returns_rows() else "rows.body" -%}
    {%- set tag = "$" ~ model.name ~ "_of_glasshouse$" -%}

    {{ drop_other_signatures(target_relation) }}

    create or replace function {{ function }} ({{ formatted_scalar_function_args_sql() }})
    returns {{ model.returns.data_type }}
    language sql {{ scalar_function_volatility_sql() }}
    parallel unsafe
    security invoker
    as {{ tag }}
    {# In the select list rows arrive one by one; after "from" all would be stored first. #}
    select {{ result }}
    from (select {{ call }} as body offset 0) as rows
    where
        case when rows.body is null then ml.raise_failure('{{ model.name }}') is null else true end
    {# Without this a condition of the caller could drop the NULL before it is looked at. #}
    offset
        0
        -- {{ definition_line() }}
        {{ tag }}
    ;

    {{ describe_and_grant(function_signature(function), function_comment()) }}
{% endmacro %}


{% macro returns_rows() %}
    {{- return(model.returns.data_type.lower().startswith(("table", "setof"))) -}}
{% endmacro %}


{% macro function_signature(function) %}
    {%- set types = model.arguments | map(attribute="data_type") | join(", ") -%}
    {{- return(function ~ "(" ~ types ~ ")") -}}
{% endmacro %}
