{#
    Makes a function of a file in ../udf/functions. dbt knows SQL functions on Postgres; its dispatch
    finds both macros by their names.

    An SQL file is a plain query if meta.rights is `caller`: Postgres puts its text into the query that
    calls it, so that columns nobody asks for are not computed. Any other SQL file is a verb that
    changes the registry. Nobody may write the registry, so a verb runs with the rights of its owner:
    in PL/pgSQL with a fixed search_path, and it takes names alone, never a query or a relation.
#}
{% macro postgres__scalar_function_sql(target_relation) %}
    {%- set code = model.compiled_code or model.raw_code -%}
    {%- if model.config.get("meta", {}).get("rights") == "caller" -%}
        {%- set definition = create_function(target_relation, "sql", code) -%}
    {%- else -%}
        {%- set definition = create_function(target_relation, "plpgsql", code, "ml_registry") -%}
    {%- endif -%}
    {{ replace_if_changed(target_relation, definition) }}
{% endmacro %}


{#
    The file stays an ordinary Python module with a function named by the config `entry_point`, to
    which the arguments of the .yml are handed in their order.

    The Python code is a function of its own, `<name>_body`, because each exception that leaves
    PL/Python shows a traceback. Errors for the caller are raised around it, see
    ../udf/registry/functions/failures.sql. A function that only the engine calls, whose description
    begins with "Internal:", stands alone.
#}
{% macro postgres__scalar_function_python(target_relation) %}
    {%- set returns_rows = model.returns.data_type.lower().startswith(("table", "setof")) -%}
    {%- set call = "call_for_rows" if returns_rows else "call" -%}
    {%- set arguments = ["GD", model.config.entry_point] -%}
    {%- do arguments.extend(model.arguments | map(attribute="name")) -%}
    {%- set code = model.compiled_code or model.raw_code -%}
    {# Where the server's environment does not name the engine's folder, each function does. #}
    {%- set code = env_var("POSTGRES_PATH_STATEMENTS", "") ~ code -%}
    {%- set code = code ~ "\nfrom glasshouse_ml.data.sql_function import " ~ call -%}
    {%- set code = code ~ "\nreturn " ~ call ~ "(" ~ (arguments | join(", ")) ~ ")" -%}
    {%- if model.description.startswith("Internal:") -%}
        {%- set definition = create_function(target_relation, "plpython3u", code) -%}
    {%- else -%}
        {%- set name = target_relation.identifier ~ "_body" -%}
        {%- set body = api.Relation.create(schema=target_relation.schema, identifier=name) -%}
        {%- set comment = "Internal: the Python code of ml." ~ model.name -%}
        {%- set definition -%}
            {{ create_function(body, "plpython3u", code, comment=comment) }}
            {{ create_function(target_relation, "sql", raising_query(body, returns_rows)) }}
        {%- endset -%}
    {%- endif -%}
    {{ replace_if_changed(target_relation, definition) }}
{% endmacro %}


{#
    The rows of the Python code, or its one result. NULL is what it returns after an error for the
    caller. Not PL/pgSQL, in which an argument cannot have the name of a column of the result.
#}
{% macro raising_query(body, returns_rows) -%}
    {%- set values = [] -%}
    {%- for argument in model.arguments -%}
        {%- do values.append("$" ~ loop.index) -%}
    {%- endfor -%}
    {# In the select list rows arrive one by one; after "from" all would be stored first. #}
    select {{ "(rows.body).*" if returns_rows else "rows.body" }}
    from
        (
            select {{ body.include(database=false) }} ({{ values | join(", ") }}) as body offset 0
        ) as rows
    where
        case when rows.body is null then ml.raise_failure('{{ model.name }}') is null else true end
    {# Without this a condition of the caller could drop the NULL before it is looked at. #}
    offset 0
{%- endmacro %}
