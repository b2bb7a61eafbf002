{#
    Why a model node says what it says of each row of a query, as a sub-select with the columns of
    ml.explain; no rows of a model that was not trained.

        select * from {{ explain(ref("churn"), "select * from …", top=3) }} as explained
#}
{% macro explain(model, rows_sql, top=3) -%}
    {%- set explain_function = function("explain") -%}
    {%- if is_trained(model) -%}
        {{ explain_function }} (
            {{ sql_text(registry_name(model.identifier)) }}, {{ sql_text(rows_sql) }}, {{ top }}
        )
    {%- else -%}
        (
            select
                null::text as key,
                null::integer as rank,
                null::text as feature,
                null::text as value,
                null::float8 as contribution
            where false
        )
    {%- endif -%}
{%- endmacro %}
