{#
    The contributions of the features to the predictions of a model node, as a sub-select with the
    columns of ml.explain; no rows of a model that was not trained.

        select * from {{ explain(ref("churn"), "select * from …", top=3) }} as explained
#}
{% macro explain(model, rows_sql, top=3) -%}
    {%- set explain_function = function("explain") -%}
    {%- set is_without_model = not is_trained(model) -%}
    (
        select *
        from
            {{ explain_function }} (
                {{ sql_text(registry_name(model)) }}, {{ sql_text(rows_sql) }}, {{ top }}
            )
            {{ "where false" if is_without_model }}
    )
{%- endmacro %}
