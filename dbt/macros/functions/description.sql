{% macro describe_and_grant(signature, comment=none) %}
    comment on function {{ signature }}
    is {{ quoted_comment(comment or function_comment()) }};

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
