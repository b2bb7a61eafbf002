{#
    Predictions of a model node for the rows of a relation, as a sub-select with
    the columns <key>, prediction, score, probabilities.

        select * from {{ predict(ref('churn'), ref('feat_customer__current')) }}

    The key keeps the name it has in the model's config and the type it has in
    the rows.
#}
{% macro predict(model, rows, version=none) -%}
    {%- do wait_for_gates() -%}
    {%- set predict_function = function("predict") -%}
    {%- if not execute -%} (select 1) as predictions
    {%- else -%}
        {%- set node = model_node(model.identifier) -%}
        {%- set key = node.config.get("key") -%}
        {%- if not key -%}
            {{
                exceptions.raise_compiler_error(
                    "The model "
                    ~ node.name
                    ~ " has no key, so its predictions could not be told apart. Add key='…' to its config."
                )
            }}
        {%- endif -%}
        {%- set types = {} -%}
        {%- for column in adapter.get_columns_in_relation(rows) -%}
            {%- do types.update({column.name: column.data_type}) -%}
        {%- endfor -%}
        {%- if key not in types -%}
            {{
                exceptions.raise_compiler_error(
                    rows ~ " has no column " ~ key ~ ", the key of the model " ~ node.name ~ "."
                )
            }}
        {%- endif -%}
        (
            select
                cast(key as {{ types[key] }}) as {{ adapter.quote(key) }},
                prediction,
                score,
                probabilities
            from
                {{ predict_function }} (
                    {{ sql_text(registry_name(node.name)) }},
                    {{ sql_text("select * from " ~ rows) }},
                    {{ version or "null" }}
                )
        ) as predictions
    {%- endif -%}
{%- endmacro %}

{# The manifest's entry of a model node, by name. #}
{% macro model_node(name) -%}
    {%- for node in graph.nodes.values() if node.resource_type == "model" and node.name == name -%}
        {{ return(node) }}
    {%- endfor -%}
    {{ exceptions.raise_compiler_error("There is no model named " ~ name ~ ".") }}
{%- endmacro %}
