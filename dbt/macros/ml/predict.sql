{#
    Predictions of a model node for the rows of a relation, as a sub-select with
    the columns <key>, prediction, score, probabilities.

        select * from {{ predict(ref('churn'), ref('feat_customer__current')) }}

    The key keeps its name and the type it has in the rows. ml.compile chooses
    the way: a linear model becomes plain SQL, which a view can hold (it stays
    that version until the next build); any other is asked through ml.predict.
    A model that was not trained, for want of rows, predicts no rows.
#}
{% macro predict(model, rows, version=none) -%}
    {%- do wait_for_gates() -%}
    {%- set compile_function = function("compile") -%}
    {%- set predict_function = function("predict") -%}
    {%- if not execute -%} (select 1) as predictions
    {%- else -%}
        {%- set node = model_node(model.identifier) -%}
        {%- if not node.config.get("key") -%}
            {{
                exceptions.raise_compiler_error(
                    "The model "
                    ~ node.name
                    ~ " has no key, so its predictions could not be told apart. Add key='…' to its config."
                )
            }}
        {%- endif -%}
        {%- set arguments -%}
            (
                {{ sql_text(registry_name(node.name)) }},
                {{ sql_text("select * from " ~ rows) }},
                {{ version or "null" }}
            )
        {%- endset -%}
        {%- if not is_trained(model) -%}
            (
                select
                    {{ adapter.quote(node.config.key) }},
                    null::text as prediction,
                    null::float8 as score,
                    null::jsonb as probabilities
                from {{ rows }}
                where false
            ) as predictions
        {%- elif can_predict(node, rows) -%}
            ({{ run_query("select " ~ compile_function ~ arguments).rows[0][0] }}) as predictions
        {%- else -%}
            {# Before the first build there is nothing to choose by; running this says what is missing. #}
            (select * from {{ predict_function }} {{ arguments }}) as predictions
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# Whether both are there: a trained model, and the rows. #}
{% macro can_predict(node, rows) -%}
    {%- set registry = source("ml", "model_versions") -%}
    {%- if not load_relation(rows) or not load_relation(registry) -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set found = run_query(
        "select true as is_there from "
        ~ registry
        ~ " where model= "
        ~ sql_text(registry_name(node.name))
        ~ " limit 1"
    ) -%}
    {{ return(found.rows | length > 0) }}
{%- endmacro %}

{# The manifest's entry of a model node, by name. #}
{% macro model_node(name) -%}
    {%- for node in graph.nodes.values() if node.resource_type == "model" and node.name == name -%}
        {{ return(node) }}
    {%- endfor -%}
    {{ exceptions.raise_compiler_error("There is no model named " ~ name ~ ".") }}
{%- endmacro %}

{# The relation that a model node has left behind; none before it was built. #}
{% macro model_relation(name) -%}
    {%- set node = model_node(name) -%}
    {{- return(adapter.get_relation(node.database, node.schema, node.alias)) -}}
{%- endmacro %}
