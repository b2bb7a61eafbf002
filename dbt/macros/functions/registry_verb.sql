{#
    Makes a function of an SQL file in ../udf/functions: a verb that changes the registry, or, with
    the config meta.rights: caller, a plain query.
#}
{% macro postgres__scalar_function_sql(target_relation) %}
    {%- set caller = model.config.get("meta", {}).get("rights") == "caller" -%}
    {%- set definition = (
        plain_query(target_relation) if caller else registry_verb(target_relation)
    ) -%}
    {{ replace_if_changed(target_relation, definition) }}
{% endmacro %}

{#
    Nobody may write the registry, so these run with the rights of its owner, which is why they are
    PL/pgSQL with a fixed search_path, take names alone, and never a query or a relation.
#}
{% macro registry_verb(target_relation) %}
    {%- set function = target_relation.include(database=false) -%}
    {%- set types = model.arguments | map(attribute="data_type") | join(", ") -%}
    {%- set signature = function ~ "(" ~ types ~ ")" -%}
    {%- set tag = "$" ~ model.name ~ "_of_glasshouse$" -%}
    {%- set code = model.compiled_code or model.raw_code -%}

    {{ drop_other_signatures(target_relation) }}

    create or replace function {{ function }} ({{ formatted_scalar_function_args_sql() }})
    returns {{ model.returns.data_type }}
    language plpgsql {{ scalar_function_volatility_sql() }}
    parallel unsafe
    security definer
    set search_path = pg_catalog, pg_temp
    as {{ [tag, code, "-- " ~ definition_line(), tag] | join("\n") }}
    ;

    alter function {{ signature }}
    owner to ml_registry
    ;

    {{ describe_and_grant(signature) }}
{% endmacro %}
