{#
    The statements that make a function with this body. A function with an owner runs with the owner's
    rights, any other with those of its caller.
#}
{% macro create_function(relation, language, body, owner=none, comment=none) %}
    {%- set function = relation.include(database=false) -%}
    {%- set types = model.arguments | map(attribute="data_type") | join(", ") -%}
    {%- set signature = function ~ "(" ~ types ~ ")" -%}
    {%- set arguments = [] -%}
    {%- for argument in model.arguments -%}
        {%- do arguments.append(argument.name ~ " " ~ argument.data_type) -%}
    {%- endfor -%}
    {%- set tag = "$" ~ model.name ~ "_of_glasshouse$" -%}
    {%- set comment_sign = "# " if language == "plpython3u" else "-- " -%}
    {# Indentation means something in Python, so no formatter of SQL may touch the body. #}
    {%- set quoted_body = [tag, body, comment_sign ~ definition_line(), tag] | join("\n") -%}

    select
        ml.drop_other_signatures(
            {{ sql_text(relation.identifier) }},
            {{ sql_text(arguments | join(", ")) }},
            {{ sql_text(model.returns.data_type) }}
        )
    ;
    create or replace function {{ function }} ({{ formatted_scalar_function_args_sql() }})
    returns {{ model.returns.data_type }}
    {# A function that opens a cursor must be volatile, also where the one around it is stable. #}
    language
        {{ language }}
        {{ "volatile" if language == "plpython3u" else scalar_function_volatility_sql() }}
    {# It executes SQL, and PostgreSQL crashes when a parallel worker does that. #}
    parallel unsafe {{ "security definer set search_path = pg_catalog, pg_temp" if owner }}
    as {{ quoted_body }}
    ;

    {{ "alter function {} owner to {};".format(signature, owner) if owner }}

    comment on function {{ signature }}
    is {{ sql_text(comment or function_comment()) }};

    {# PostgreSQL lets everybody execute a new function. #}
    revoke all
    on function {{ signature }}
    from public
    ;
    grant execute
    on function {{ signature }}
    to transformer
    ;
{% endmacro %}


{# What \df+ and ml.help show: the description, a line for each argument and the result, an example. #}
{% macro function_comment() %}
    {%- set lines = [model.description] -%}
    {%- for argument in model.arguments -%}
        {%- if loop.first -%} {%- do lines.append("") -%} {%- endif -%}
        {%- set text = "  {name} {data_type}: {description}" -%}
        {%- do lines.append(text.format(**argument)) -%}
    {%- endfor -%}
    {%- if model.returns.description -%}
        {%- set text = "Returns {data_type}: {description}" -%}
        {%- do lines.extend(["", text.format(**model.returns)]) -%}
    {%- endif -%}
    {%- set example = model.config.get("meta", {}).get("example") -%}
    {%- if example -%} {%- do lines.extend(["", "Example: " ~ example]) -%} {%- endif -%}
    {{ return(lines | join("\n")) }}
{% endmacro %}
