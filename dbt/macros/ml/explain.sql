{#
    The contributions of the features to the predictions of a model node, as a sub-select with the
    columns of ml.explain; no rows of a model that was not trained.

        select * from {{ explain(ref("churn"), "select * from …", top=3) }} as explained
#}
{% macro explain(model, rows_sql, top=3) -%}
    {%- set explain_function = function("explain") -%}
    {%- if execute and (flags.EMPTY or not is_trained(model)) -%}
        (
            select
                null::text as key,
                null::integer as rank,
                null::text as feature,
                null::text as value,
                null::float8 as contribution
            where false
        )
    {%- else -%}
        {{ explain_function }} (
            {{ sql_text(registry_name(model) if execute) }}, {{ sql_text(rows_sql) }}, {{ top }}
        )
    {%- endif -%}
{%- endmacro %}
