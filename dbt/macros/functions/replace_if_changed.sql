{#
    The SQL that makes a function, or nothing to do where the database has the same function.

    The last line of a function's body is a comment with a hash over everything that makes it: body,
    arguments, result, description and rights. A build of unchanged functions therefore runs no DDL,
    waits for no lock, and does not make other sessions plan their calls again.
#}
{% macro replace_if_changed(target_relation, definition) %}
    {%- set hash = local_md5(definition) -%}
    {%- if function_has_hash(target_relation, hash) -%} select 'unchanged'
    {%- else -%} {{ definition | replace(definition_line(), "definition " ~ hash) }}
    {%- endif -%}
{% endmacro %}


{# Stands for the hash until the whole definition is known. #}
{% macro definition_line() %} {{- return("@definition@") -}} {% endmacro %}


{#
    Whether the one function of this name has the hash in its last line, and transformer alone may
    execute it.
#}
{% macro function_has_hash(target_relation, hash) %}
    {%- set query -%}
        select coalesce(
            bool_and(
                prosrc like {{ sql_text("%definition " ~ hash ~ "%") }}
                and has_function_privilege('transformer', oid, 'execute')
                and proacl is not null
                and not exists (select from aclexplode(proacl) where grantee = 0)
            ),
            false
        )
        from pg_catalog.pg_proc
        where pronamespace = to_regnamespace({{ sql_text(adapter.quote(target_relation.schema)) }})
            and proname = {{ sql_text(target_relation.identifier) }}
    {%- endset -%}
    {{ return(execute and run_query(query).rows[0][0]) }}
{% endmacro %}
